//! `ringbook employee` and `ringbook category`: who works here, and how clients are to be treated.

use std::io::Write;

use anyhow::bail;
use clap::Subcommand;

use super::data::open_store;
use crate::model::{Category, CategoryId, Employee, EmployeeId};
use crate::profile::Profile;
use crate::store::Reader;
use crate::table::write_table;
use crate::tr;

/// Who works in the office.
#[derive(Debug, Subcommand)]
pub enum EmployeeCommand {
    /// Enter an employee, or change the name behind an extension
    Set {
        /// The internal number.
        extension: String,
        /// The name.
        name: String,
    },
    /// Everybody, by extension
    List,
    /// Take an employee out; orders and calls keep the name
    Delete {
        /// The internal number.
        extension: String,
    },
}

/// How clients are to be treated.
#[derive(Debug, Subcommand)]
pub enum CategoryCommand {
    /// Enter a category, or change what is given of it
    Set {
        /// The stable key, such as vip
        key: String,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
        /// A colour, such as #0f766e
        #[arg(long)]
        colour: Option<String>,
        /// The name of an icon of the Lucide set, such as store
        #[arg(long)]
        icon: Option<String>,
        /// Its place in lists, the smallest first
        #[arg(long)]
        rank: Option<i64>,
    },
    /// Every category, in the order of lists
    List,
    /// Take a category out that no client has
    Delete {
        /// Key or name.
        category: String,
    },
}

/// Runs the command on the profile's store and prints to `output`.
pub fn employee(
    command: &EmployeeCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut store = open_store(profile)?;
    match command {
        EmployeeCommand::Set { extension, name } => store.write(|writer| {
            let known = writer.find_employee(extension)?.map(|employee| employee.id);
            let id = known.unwrap_or_else(EmployeeId::new);
            let employee = Employee {
                id,
                name: name.clone(),
                extension: extension.clone(),
            };
            Ok(writer.save_employee(&employee)?)
        }),
        EmployeeCommand::List => {
            let everybody = store.read(|reader| reader.employees())?;
            let rows: Vec<_> = everybody
                .into_iter()
                .map(|e| [e.extension, e.name])
                .collect();
            Ok(write_table(output, [tr!("Extension"), tr!("Name")], &rows)?)
        }
        EmployeeCommand::Delete { extension } => store.write(|writer| {
            let Some(employee) = writer.find_employee(extension)? else {
                bail!(tr!(
                    "nobody has the extension {extension}",
                    extension = extension
                ));
            };
            Ok(writer.delete_employee(employee.id)?)
        }),
    }
}

/// Runs the command on the profile's store and prints to `output`.
pub fn category(
    command: &CategoryCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut store = open_store(profile)?;
    match command {
        CategoryCommand::Set {
            key,
            name,
            colour,
            icon,
            rank,
        } => store.write(|writer| {
            let mut category = writer.find_category(key)?.unwrap_or_else(|| new(key));
            category.name = name.clone().unwrap_or(category.name);
            category.colour = colour.clone().unwrap_or(category.colour);
            category.icon = icon.clone().unwrap_or(category.icon);
            category.rank = rank.unwrap_or(category.rank);
            Ok(writer.save_category(&category)?)
        }),
        CategoryCommand::List => {
            let all = store.read(|reader| reader.categories())?;
            let row = |c: Category| {
                [
                    c.id.to_string(),
                    c.name,
                    c.colour,
                    c.icon,
                    c.rank.to_string(),
                ]
            };
            let rows: Vec<_> = all.into_iter().map(row).collect();
            let headings = [
                tr!("Key"),
                tr!("Name"),
                tr!("Colour"),
                tr!("Icon"),
                tr!("Order of lists"),
            ];
            Ok(write_table(output, headings, &rows)?)
        }
        CategoryCommand::Delete { category } => store.write(|writer| {
            let category = load_category(writer, category)?;
            Ok(writer.delete_category(&category.id)?)
        }),
    }
}

/// A category of the office's own, behind the others.
fn new(key: &str) -> Category {
    Category {
        id: CategoryId::new(key.trim().to_lowercase()),
        name: key.trim().to_owned(),
        colour: "#475569".to_owned(),
        icon: "user".to_owned(),
        rank: 100,
    }
}

fn load_category(reader: &Reader<'_>, text: &str) -> anyhow::Result<Category> {
    match reader.find_category(text)? {
        Some(category) => Ok(category),
        None => bail!(tr!("no category is called {text}", text = text)),
    }
}
