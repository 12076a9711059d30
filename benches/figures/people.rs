//! People who could be clients, the same for the same seed: four scripts, names and companies of which
//! a few are frequent and most are rare, some with notes, e-mails and several numbers.

use std::fmt;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use ringbook::model::PhoneNumber;

/// The words of one script, parted by spaces.
struct Script {
    /// Of a hundred people, so many.
    share: usize,
    first: &'static str,
    stems: &'static str,
    endings: &'static str,
    firms: &'static str,
    notes: &'static str,
    cities: &'static str,
    country: &'static str,
}

const SCRIPTS: [Script; 4] = [
    Script {
        share: 40,
        first: "Александр Елена Сергей Ольга Дмитрий Анна Алексей Наталья Пётр Айгерим Нурлан \
            Динара Семён Алёна Тимур Жанна Юрий",
        stems: "Иван Петр Сидор Королёв Кузнец Попов Соколов Лебед Козл Новик Мороз Волк Ахмет \
            Омар Бек Нурлан Жумабай Касым Сулейм Ермек Зайц Фёдор Щерб Черн Бел Гроз Тихон Яков",
        endings: "ов ова ев ева ин ина ский ская енко баев баева",
        firms: "ТОО ООО Завод Дом Строй Торг Сервис Зелёный Мебель Степь",
        notes: "просит перезвонить утром говорить медленно ждёт счёт доставка жалоба на кухню \
            скидка договор не звонить после шести шкаф",
        cities: "Алматы Астана Шымкент Караганда",
        country: "KZ",
    },
    Script {
        share: 30,
        first: "Anna Gergő Zsófia László Maria José Zoë Lukas Łukasz Søren Anaïs John Mary Péter \
            Ágnes François Jürgen Emma",
        stems: "Kovác Szab Nagy Tóth Müll Schmid Garc Nielsen Wójc Brontë Smith John William \
            Brown Dupont Lefèbvr Horvát Vargh",
        endings: "s er ía ik y son mann fi i e",
        firms: "Kft. GmbH Ltd Bt. Café Trade Works Duna Nordlys Partner",
        notes: "prefers mornings speak slowly waits for invoice delivery kitchen complaint \
            discount façade contract never call after six",
        cities: "Budapest Győr Szeged Pécs",
        country: "HU",
    },
    Script {
        share: 15,
        first: "محمد أحمد فاطمة علي سارة خالد مريم يوسف نور عمر ليلى",
        stems: "الأحمد النجار الحداد المنصور العلي الخليل الزهراء الهاشم الشام الكرد البغداد المصر",
        endings: "ي ة ين ان",
        firms: "شركة مؤسسة النور الخليج للتجارة الإمارات الصحراء دار",
        notes: "يفضّل الصباح ينتظر الفاتورة شكوى التوصيل خصم عقد مطبخ",
        cities: "دبي الشارقة العين",
        country: "AE",
    },
    Script {
        share: 15,
        first: "राम सीता किशोर प्रिया राहुल अनिता सुनील ज़ोया हरि माया",
        stems: "थाप श्रेष्ठ शर्म पटेल गुरुङ तामाङ वर्म सिंह कुमार मिश्र",
        endings: "ा ी े ो",
        firms: "हिमाल गंगा ट्रेडर्स ज़मीन उद्योग सेवा भवन प्रा.लि.",
        notes: "सुबह फ़ोन करें बिल चाहिए शिकायत छूट रसोई अनुबंध धीरे बोलें",
        cities: "काठमाडौं पोखरा ललितपुर",
        country: "NP",
    },
];
const LATIN: &str = "ivan olga anna gergo priya mohamed sara info";
const CATEGORIES: &str = "ordinary vip problem potential active";

/// Everybody, one after the other.
pub struct People {
    random: ChaCha12Rng,
}

/// A client as a line of CSV.
pub struct Person {
    name: String,
    company: String,
    phones: [String; 2],
    email: String,
    category: &'static str,
    note: String,
    city: &'static str,
    country: &'static str,
}

impl People {
    /// Those of this seed.
    pub fn of(seed: u64) -> People {
        let random = ChaCha12Rng::seed_from_u64(seed);
        People { random }
    }

    /// One of so many.
    pub fn dice(&mut self, sides: usize) -> usize {
        self.random.next_u32() as usize % sides
    }

    /// One of the words, the first ones more often.
    fn word(&mut self, words: &'static str) -> &'static str {
        let last = words.split(' ').count();
        let most = self.dice(last) + 1;
        let at = self.dice(most);
        words.split(' ').nth(at).unwrap()
    }

    fn script(&mut self) -> &'static Script {
        let mut hundred = self.dice(100);
        for script in &SCRIPTS {
            if hundred < script.share {
                return script;
            }
            hundred -= script.share;
        }
        &SCRIPTS[0]
    }

    /// The one at this place, whose first number is [`number`]`(at)`.
    pub fn person(&mut self, at: u32) -> Person {
        let script = self.script();
        let (stem, ending) = (self.word(script.stems), self.word(script.endings));
        Person {
            name: format!("{} {stem}{ending}", self.word(script.first)),
            company: self.company(script),
            phones: [number(at).e164(), self.second_number(at)],
            email: self.email(at),
            category: self.word(CATEGORIES),
            note: self.note(script),
            city: self.word(script.cities),
            country: script.country,
        }
    }

    /// One in three has a company; the smaller its number, the more people it has.
    fn company(&mut self, script: &Script) -> String {
        if self.dice(3) > 0 {
            return String::new();
        }
        let most = self.dice(50_000) + 1;
        let (kind, what, which) = (
            self.word(script.firms),
            self.word(script.firms),
            self.dice(most),
        );
        format!("{kind} {what} {which}")
    }

    fn email(&mut self, at: u32) -> String {
        match self.dice(100) {
            0..40 => format!("{}.{at}@mail{}.example", self.word(LATIN), self.dice(20)),
            _ => String::new(),
        }
    }

    fn note(&mut self, script: &Script) -> String {
        if self.dice(4) > 0 {
            return String::new();
        }
        let length = 3 + self.dice(20);
        let words: Vec<&str> = (0..length).map(|_| self.word(script.notes)).collect();
        words.join(" ")
    }

    fn second_number(&mut self, at: u32) -> String {
        match self.dice(100) {
            // The reception of a company, with everybody else there.
            0..2 => format!("+77272{:06}", 500_000 + self.dice(2_000)),
            2..25 => format!("+7747{at:07}"),
            _ => String::new(),
        }
    }
}

/// The first number of the client at this place.
pub fn number(at: u32) -> PhoneNumber {
    PhoneNumber::from_e164(&format!("+7701{at:07}")).unwrap()
}

impl Person {
    /// The first line of the file.
    pub const COLUMNS: &str = "name,company,phone,phone2,email,category,note,city,country";
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [phone, second] = &self.phones;
        let who = format_args!("{},{},{phone},{second}", self.name, self.company);
        write!(f, "{who},{},{},{}", self.email, self.category, self.note)?;
        write!(f, ",{},{}", self.city, self.country)
    }
}
