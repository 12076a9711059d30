//! The office's own lists: categories, stages, fields, branches, greetings, employees. Categories
//! and employees stand in tables of another make; here they are records like the others.

use std::cell::Cell;
use std::rc::Rc;

use jiff::Timestamp;
use ringbook_ui::slint::{ComponentHandle, Weak};
use ringbook_ui::{MainWindow, OfficeAdapter, Page, RecordKind, WindowAdapter};
use sha2::{Digest, Sha256};

use super::asking::{self, spawn};
use super::form::model;
use super::link::PhoneLink;
use super::records::Records;
use super::window_adapter::complain;
use crate::model::{
    Category, CategoryId, Column, Employee, EmployeeId, Kind, Record, RecordId, Value, ValueType,
};
use crate::store::{Reader, Result, Writer};
use crate::words;

const fn column(name: &'static str, holds: ValueType) -> Column {
    Column {
        name,
        holds,
        about: "",
    }
}

/// How clients are to be treated. The key is the program's; nobody types it.
const CATEGORY: &Kind = &Kind {
    name: "category",
    table: "categories",
    about: "",
    of_client: false,
    columns: &[
        column("name", ValueType::Text),
        column("colour", ValueType::Text),
        column("icon", ValueType::Text),
        column("rank", ValueType::Whole),
        column(KEY, ValueType::Text),
    ],
    when: None,
};

/// Who works here.
const EMPLOYEE: &Kind = &Kind {
    name: "employee",
    table: "employees",
    about: "",
    of_client: false,
    columns: &[
        column("name", ValueType::Text),
        column("extension", ValueType::Text),
    ],
    when: None,
};

/// A column that is neither shown nor typed.
pub const KEY: &str = "key";

/// How a category looks until somebody chooses.
const COLOUR: &str = "#5f3aa3";
const ICON: &str = "tag";

/// The lists, in the order of the page.
const LISTS: [&Kind; 7] = [
    CATEGORY,
    Kind::STAGE,
    Kind::FIELD,
    EMPLOYEE,
    Kind::BRANCH,
    Kind::GREETING,
    Kind::LOOK,
];

/// The records of a kind that belong to no client.
pub fn records(store: &Reader<'_>, kind: &'static Kind) -> Result<Vec<Record>> {
    match kind.name {
        "category" => Ok(store.categories()?.iter().map(of_category).collect()),
        "employee" => Ok(store.employees()?.iter().map(of_employee).collect()),
        _ => store.records(kind, None),
    }
}

/// The record with this id.
pub fn find(store: &Reader<'_>, kind: &'static Kind, id: RecordId) -> Result<Option<Record>> {
    match kind.name {
        "category" | "employee" => {
            let mut all = records(store, kind)?;
            all.retain(|record| record.id == id);
            Ok(all.pop())
        }
        _ => store.find_record(kind, id),
    }
}

/// Adds the record or changes it; the id by which it is found from then on.
pub fn save(store: &mut Writer<'_>, record: &Record) -> Result<RecordId> {
    match record.kind.name {
        "category" => {
            let category = category(record);
            store.save_category(&category)?;
            Ok(category_id(&category))
        }
        "employee" => store.save_employee(&employee(record)).map(|()| record.id),
        _ => store.save_record(record).map(|()| record.id),
    }
}

/// Takes the record out.
pub fn delete(store: &mut Writer<'_>, kind: &'static Kind, id: RecordId) -> Result<()> {
    match kind.name {
        "category" => match find(store, kind, id)? {
            Some(record) => store.delete_category(&category(&record).id),
            None => Ok(()),
        },
        "employee" => store.delete_employee(EmployeeId::from_bytes(*id.as_bytes())),
        _ => store.delete_record(kind, id),
    }
}

fn text(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| Value::Text(text.to_owned()))
}

/// A category has a word for its id: this one is made of it.
fn category_id(category: &Category) -> RecordId {
    let mut id = [0; 16];
    id.copy_from_slice(&Sha256::digest(category.id.as_str())[..16]);
    RecordId::from_bytes(id)
}

fn of_category(category: &Category) -> Record {
    let record = Record::new(CATEGORY, None, Timestamp::UNIX_EPOCH)
        .with("name", text(&category.name))
        .with("colour", text(&category.colour))
        .with("icon", text(&category.icon))
        .with("rank", Value::Whole(category.rank))
        .with(KEY, text(category.id.as_str()));
    Record {
        id: category_id(category),
        ..record
    }
}

fn category(record: &Record) -> Category {
    let or = |column: &str, otherwise: &str| match record.text(column) {
        "" => otherwise.to_owned(),
        given => given.to_owned(),
    };
    Category {
        id: CategoryId::new(or(KEY, &word(record.text("name")))),
        name: record.text("name").to_owned(),
        colour: or("colour", COLOUR),
        icon: or("icon", ICON),
        rank: match record.get("rank") {
            Some(Value::Whole(rank)) => *rank,
            _ => 100,
        },
    }
}

/// A name as a word for files: small letters and digits, the rest as hyphens.
fn word(name: &str) -> String {
    let letters = name.trim().to_lowercase();
    let letters = letters
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' });
    letters.collect()
}

fn of_employee(employee: &Employee) -> Record {
    let record = Record::new(EMPLOYEE, None, Timestamp::UNIX_EPOCH)
        .with("name", text(&employee.name))
        .with("extension", text(&employee.extension));
    Record {
        id: RecordId::from_bytes(*employee.id.as_bytes()),
        ..record
    }
}

fn employee(record: &Record) -> Employee {
    Employee {
        id: EmployeeId::from_bytes(*record.id.as_bytes()),
        name: record.text("name").to_owned(),
        extension: record.text("extension").to_owned(),
    }
}

/// The part of the settings with the lists.
pub struct OfficePart {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    records: Rc<Records>,
    kind: Cell<&'static Kind>,
}

impl OfficePart {
    /// Ties the part to the store.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, records: Rc<Records>) -> Rc<Self> {
        let part = Rc::new(Self {
            window: window.as_weak(),
            phone,
            records,
            kind: Cell::new(CATEGORY),
        });
        let adapter = window.global::<OfficeAdapter>();
        let this = part.clone();
        adapter.on_viewed(move || spawn(this.clone().load()));
        let this = part.clone();
        adapter.on_show(move |kind| {
            if let Some(kind) = LISTS.into_iter().find(|known| kind == known.name) {
                this.kind.set(kind);
                spawn(this.clone().load());
            }
        });
        let this = part.clone();
        part.records.on_change(move || spawn(this.clone().load()));
        part
    }

    /// Reads the lists and shows the chosen one, where the part is in sight.
    async fn load(self: Rc<Self>) {
        let answer = asking::read(&self.phone, |store| {
            let all = LISTS.into_iter().map(|kind| records(store, kind));
            all.collect::<Result<Vec<_>>>()
        });
        let all = match answer.await {
            Ok(all) => all,
            Err(error) => return complain(&self.window, error.to_string()),
        };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let kinds = LISTS.iter().zip(&all).map(|(kind, records)| RecordKind {
            key: kind.name.into(),
            title: words::kinds(kind).into(),
            count: i32::try_from(records.len()).unwrap_or(i32::MAX),
        });
        let adapter = window.global::<OfficeAdapter>();
        adapter.set_kinds(model(kinds.collect()));
        let at = LISTS.iter().position(|kind| *kind == self.kind.get());
        let chosen = at.and_then(|at| all.into_iter().nth(at));
        if window.global::<WindowAdapter>().get_page() == Page::Settings {
            self.records
                .show(self.kind.get(), None, chosen.unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::Store;

    fn all(store: &Store, kind: &'static Kind) -> Vec<Record> {
        store.read(|r| records(r, kind)).unwrap()
    }

    #[test]
    fn every_list_of_the_office_is_kept_changed_and_taken_back_in_one_way() {
        let mut store = Store::in_memory().unwrap();
        for kind in LISTS {
            let before = all(&store, kind).len();
            let mut record = Record::new(kind, None, Timestamp::now())
                .with(kind.key().name, Value::Text("Our Own".into()))
                .with("field", Value::Text("client".into()));
            let id = store.write(|w| save(w, &record)).unwrap();
            assert_eq!(all(&store, kind).len(), before + 1, "{}", kind.name);
            record = store.read(|r| find(r, kind, id)).unwrap().unwrap();
            record.set(kind.key().name, Value::Text("Renamed".into()));
            store.write(|w| save(w, &record)).unwrap();
            assert_eq!(
                all(&store, kind).len(),
                before + 1,
                "{}: changed",
                kind.name
            );
            let found = store.read(|r| find(r, kind, record.id)).unwrap().unwrap();
            assert_eq!(found.text(kind.key().name), "Renamed");
            store.write(|w| delete(w, kind, record.id)).unwrap();
            assert_eq!(all(&store, kind).len(), before, "{}", kind.name);
            store.write(|w| save(w, &found)).unwrap();
            let again = store.read(|r| find(r, kind, record.id)).unwrap().unwrap();
            assert_eq!(again.values, found.values, "{}: taken back", kind.name);
        }
    }
}
