//! Words in the names of columns, by which it is known what a column of a call log holds.

use super::columns::Field;

/// Words in the names of columns that hold a field, and words that make a column another one.
pub(super) struct Names {
    pub(super) field: Field,
    /// Names that are this field's as a whole.
    pub(super) whole: &'static [&'static str],
    pub(super) words: &'static [&'static str],
    pub(super) others: &'static [&'static str],
}

/// In the order in which a name is tried.
#[rustfmt::skip]
pub(super) const NAMES: [Names; 18] = [
    Names {
        field: Field::Id,
        whole: &["call", "id"],
        words: &["uniqueid", "uuid", "callid", "cdrid"],
        others: &[],
    },
    Names {
        field: Field::DstChannel,
        whole: &["destinationchannel"],
        words: &["dstchannel", "dstchan"],
        others: &[],
    },
    Names { field: Field::Channel, whole: &["channel", "srcchannel", "sourcechannel"], words: &[], others: &[] },
    Names { field: Field::Application, whole: &["application"], words: &["lastapp"], others: &[] },
    Names { field: Field::Context, whole: &[], words: &["dcontext", "context"], others: &[] },
    Names {
        field: Field::Talk,
        whole: &["billedseconds"],
        words: &[
            "billsec", "billable", "talk", "talking", "conversation", "разговор", "разговора", "beszélgetés",
            "beszélgetési", "المحادثة", "बातचीत",
        ],
        others: &[],
    },
    Names {
        field: Field::Ring,
        whole: &[],
        words: &[
            "ring", "ringing", "waiting", "wait", "ожидание", "ожидания", "дозвона", "csengetés", "csengés", "várakozás",
            "الرنين", "الانتظار", "घंटी", "प्रतीक्षा",
        ],
        others: &[],
    },
    Names {
        field: Field::Duration,
        whole: &[],
        words: &[
            "duration", "length", "seconds", "sec", "длительность", "продолжительность", "időtartam", "hossz", "المدة",
            "अवधि",
        ],
        others: &["hold"],
    },
    Names {
        field: Field::Status,
        whole: &[],
        words: &[
            "status", "disposition", "result", "outcome", "статус", "результат", "állapot", "eredmény", "الحالة",
            "النتيجة", "स्थिति", "परिणाम", "अवस्था",
        ],
        others: &["sip", "code"],
    },
    Names {
        field: Field::Direction,
        whole: &["type", "calltype", "тип", "типзвонка", "típus", "النوع", "प्रकार"],
        words: &["direction", "направление", "irány", "الاتجاه", "दिशा"],
        others: &[],
    },
    Names {
        field: Field::Name,
        whole: &["clid", "cnam"],
        words: &["name", "имя", "név", "الاسم", "नाम"],
        others: &["file", "agent", "employee", "user", "queue", "сотрудника", "файла"],
    },
    Names {
        field: Field::Extension,
        whole: &[],
        words: &["extension", "ext", "internal", "внутренний", "mellék", "تحويلة", "الداخلي", "एक्सटेंशन"],
        others: &[],
    },
    Names {
        field: Field::Called,
        whole: &["bnumber"],
        words: &[
            "called", "callee", "dst", "destination", "dialled", "dialed", "to", "dnis", "кому", "куда", "набранный",
            "вызываемый", "hívott", "المطلوب", "الوجهة", "गंतव्य",
        ],
        others: &[],
    },
    Names {
        field: Field::Caller,
        whole: &["anumber", "callerid"],
        words: &[
            "caller", "calling", "src", "source", "from", "cnum", "ani", "кто", "откуда", "вызывающий", "звонящий",
            "hívó", "المتصل", "कॉलर",
        ],
        others: &[],
    },
    Names {
        field: Field::End,
        whole: &["ended"],
        words: &["end", "stop", "конец", "окончание", "vége"],
        others: &["reason", "причина", "by"],
    },
    Names {
        field: Field::Answer,
        whole: &["answer", "answertime", "answeredat", "времяответа"],
        words: &["connect"],
        others: &[],
    },
    Names {
        field: Field::Date,
        whole: &[],
        words: &[
            "date", "datetime", "calldate", "timestamp", "start", "started", "begin", "дата", "начало", "dátum",
            "kezdet", "kezdete", "التاريخ", "तारीख", "मिति", "दिनांक",
        ],
        others: &[],
    },
    Names {
        field: Field::Time,
        whole: &[],
        words: &["time", "время", "idő", "időpont", "الوقت", "समय"],
        others: &["zone"],
    },
];
