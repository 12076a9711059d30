//! A sample office for demonstrations, tests and benchmarks.

use jiff::civil::Date;

use super::{Result, Writer};
use crate::model::{
    CategoryId, Client, ClientId, Employee, EmployeeId, Money, Order, OrderId, PhoneNumber,
};

/// The number of the sample office's very important client.
pub const IVAN: &str = "+77011112233";
/// The number of its problem client.
pub const OLGA: &str = "+77272500001";
/// The number of a client with an Arabic name.
pub const FATIMA: &str = "+971501234567";
/// A number that nobody in the sample office knows.
pub const STRANGER: &str = "+36305550101";

/// The sample office's clients.
#[derive(Debug, Clone, Copy)]
pub struct SampleOffice {
    /// Ivan Petrov, VIP, with a note and the open order 1001.
    pub ivan: ClientId,
    /// Olga Sidorova, a problem client.
    pub olga: ClientId,
    /// A client with an Arabic name and a long company name.
    pub fatima: ClientId,
}

impl Writer<'_> {
    /// Adds the office *Alfa LLC*: Anna 101, Bek 102, Chen 103, and clients whose cards show what a
    /// card can show. `today` sets the orders' days: Ivan's was due two days before it.
    pub fn add_sample_office(&mut self, today: Date) -> Result<SampleOffice> {
        let [anna, bek, chen] =
            [("Anna", "101"), ("Bek", "102"), ("Chen", "103")].map(|(name, extension)| Employee {
                id: EmployeeId::new(),
                name: name.to_owned(),
                extension: extension.to_owned(),
            });
        self.save_employee(&anna)?;
        self.save_employee(&bek)?;
        self.save_employee(&chen)?;
        let days = |days: i64| today.checked_add(jiff::Span::new().days(days)).ok();

        let ivan = self.add_sample("Ivan Petrov", "Steppe LLP", "vip", "Almaty", "KZ", IVAN)?;
        self.change_sample(ivan, |client| {
            client.note = "Speak slowly".to_owned();
            client.language = "ru".to_owned();
            client.set_email("ivan.petrov@steppe.example");
        })?;
        self.add_sample_order(ivan, "1001", "Cutting", &anna, days(-2), Some(1_250_000))?;

        let olga = self.add_sample("Olga Sidorova", "", "problem", "Astana", "KZ", OLGA)?;
        self.change_sample(olga, |client| {
            client.note =
                "Two complaints about late delivery this month. Offer a call back by the \
                manager and promise no dates."
                    .to_owned();
        })?;
        self.add_sample_order(olga, "1014", "Assembly", &bek, days(6), None)?;

        let company = "شركة الخليج للتجارة والخدمات اللوجستية";
        let fatima = self.add_sample("فاطمة الزهراء", company, "potential", "دبي", "AE", FATIMA)?;
        self.change_sample(fatima, |client| client.language = "ar".to_owned())?;
        Ok(SampleOffice { ivan, olga, fatima })
    }

    /// Adds `count` clients with made-up names and a number each, for measuring. The n-th has the
    /// number [`bulk_number`]`(n)`, from 0.
    pub fn add_bulk_clients(&mut self, from: u32, count: u32) -> Result<()> {
        for n in from..from.saturating_add(count) {
            let mut client = Client::named(bulk_name(n), self.now);
            client.company = format!("{} {}", pick(COMPANIES, n / 7), n % 1000);
            client.change_address(|address| address.city = pick(CITIES, n / 3).to_owned());
            client.set_email(&format!("client{n}@example.com"));
            if let Some(number) = bulk_number(n) {
                client = client.with_phone(number);
            }
            self.save_client(&client)?;
        }
        Ok(())
    }

    fn add_sample(
        &mut self,
        name: &str,
        company: &str,
        category: &str,
        city: &str,
        country: &str,
        number: &str,
    ) -> Result<ClientId> {
        let mut client = Client::named(name, self.now);
        client.company = company.to_owned();
        client.category = CategoryId::new(category);
        client.change_address(|address| {
            address.city = city.to_owned();
            address.country = country.to_owned();
        });
        if let Some(number) = PhoneNumber::from_e164(number) {
            client = client.with_phone(number);
        }
        self.save_client(&client)?;
        Ok(client.id)
    }

    fn change_sample(&mut self, client: ClientId, change: impl FnOnce(&mut Client)) -> Result<()> {
        let mut changed = self.load_client(client)?;
        change(&mut changed);
        self.save_client(&changed)
    }

    fn add_sample_order(
        &mut self,
        client: ClientId,
        number: &str,
        stage: &str,
        responsible: &Employee,
        due: Option<Date>,
        debt: Option<i64>,
    ) -> Result<()> {
        self.save_order(&Order {
            id: OrderId::new(),
            client,
            number: number.to_owned(),
            stage: stage.to_owned(),
            responsible: Some(responsible.clone()),
            due,
            amount: None,
            debt: debt.map(|minor| Money {
                minor,
                currency: "KZT".to_owned(),
            }),
            closed: false,
        })
    }
}

/// The number of the n-th bulk client: `+7705` and seven digits; none beyond ten million.
pub fn bulk_number(n: u32) -> Option<PhoneNumber> {
    PhoneNumber::from_e164(&format!("+7705{n:07}")).filter(|_| n < 10_000_000)
}

/// The name of the n-th bulk client.
pub fn bulk_name(n: u32) -> String {
    // Coprime strides, so that neighbours differ in both names.
    format!(
        "{} {} {n}",
        pick(FIRST_NAMES, n),
        pick(LAST_NAMES, n / 11 + n)
    )
}

fn pick(words: &'static [&'static str], n: u32) -> &'static str {
    words[n as usize % words.len()]
}

const FIRST_NAMES: &[&str] = &[
    "Ivan",
    "Olga",
    "Gergő",
    "Zsófia",
    "Aigerim",
    "Nurlan",
    "Priya",
    "Rahul",
    "محمد",
    "سارة",
    "सीता",
    "राम",
    "Marie",
    "Søren",
    "Łukasz",
    "小明",
    "Ёлка",
    "José",
    "Anaïs",
    "Kwame",
];
const LAST_NAMES: &[&str] = &[
    "Petrov",
    "Sidorova",
    "Kovács",
    "Szabó",
    "Bekov",
    "Nazarbek",
    "Sharma",
    "Patel",
    "الأحمد",
    "النجار",
    "थापा",
    "श्रेष्ठ",
    "Dupont",
    "Nielsen",
    "Wójcik",
    "王",
    "Королёв",
    "García",
    "Müller",
];
const COMPANIES: &[&str] = &[
    "Steppe LLP",
    "Duna Kft.",
    "Himal Traders",
    "Ganga Exports",
    "شركة النور",
    "Nordlys ApS",
];
const CITIES: &[&str] = &[
    "Almaty",
    "Budapest",
    "Kathmandu",
    "Delhi",
    "Dubai",
    "Aarhus",
];
