//! `ringbook employee` and `ringbook order`: who works here, and what clients have ordered.

use std::io::Write;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::data::{home_country, one_client, open_store};
use crate::model::{Client, Employee, EmployeeId, Money, Order, OrderId};
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

/// What clients have ordered.
#[derive(Debug, Subcommand)]
pub enum OrderCommand {
    /// Enter a client's order, or change what is given of it
    Set {
        /// Id, number, or a part of the client's name.
        client: String,
        /// The number people call the order by.
        order: String,
        /// What is given of it.
        #[command(flatten)]
        fields: OrderFields,
    },
    /// A client's orders, the open ones first
    List {
        /// Id, number, or a part of the client's name.
        client: String,
    },
    /// Take an order out
    Delete {
        /// Id, number, or a part of the client's name.
        client: String,
        /// The number people call the order by.
        order: String,
    },
}

/// An order's fields as options.
#[derive(Debug, Args)]
pub struct OrderFields {
    /// How far it has come
    #[arg(long)]
    pub stage: Option<String>,
    /// Who answers for it: an extension or a name; empty for nobody
    #[arg(long, value_name = "EMPLOYEE")]
    pub responsible: Option<String>,
    /// The day it is due
    #[arg(long, value_name = "DATE")]
    pub due: Option<Date>,
    /// What the client still owes for it, such as 12500 or "12 500.50 EUR"; 0 for nothing
    #[arg(long, value_name = "AMOUNT")]
    pub debt: Option<String>,
    /// It is done
    #[arg(long, conflicts_with = "open")]
    pub closed: bool,
    /// It is open again
    #[arg(long)]
    pub open: bool,
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
pub fn order(
    command: &OrderCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let country = home_country(profile, None)?;
    let mut store = open_store(profile)?;
    match command {
        OrderCommand::Set {
            client,
            order,
            fields,
        } => store.write(|writer| {
            let client = one_client(writer, client, country)?;
            let mut changed = find_order(writer, &client, order)?.unwrap_or_else(|| Order {
                id: OrderId::new(),
                client: client.id,
                number: order.clone(),
                stage: String::new(),
                responsible: None,
                due: None,
                debt: None,
                closed: false,
            });
            fields.apply(&mut changed, writer)?;
            Ok(writer.save_order(&changed)?)
        }),
        OrderCommand::List { client } => {
            let orders = store.read(|reader| -> anyhow::Result<_> {
                Ok(reader.orders(one_client(reader, client, country)?.id)?)
            })?;
            let rows: Vec<_> = orders.iter().map(row).collect();
            let headings = [
                tr!("Order"),
                tr!("Stage"),
                tr!("Responsible"),
                tr!("Due"),
                tr!("Debt"),
                tr!("State"),
            ];
            Ok(write_table(output, headings, &rows)?)
        }
        OrderCommand::Delete { client, order } => store.write(|writer| {
            let client = one_client(writer, client, country)?;
            let Some(found) = find_order(writer, &client, order)? else {
                bail!(tr!(
                    "{name} has no order {order}",
                    name = client.name,
                    order = order
                ));
            };
            Ok(writer.delete_order(found.id)?)
        }),
    }
}

impl OrderFields {
    fn apply(&self, order: &mut Order, reader: &Reader<'_>) -> anyhow::Result<()> {
        if let Some(stage) = &self.stage {
            order.stage.clone_from(stage);
        }
        if let Some(responsible) = &self.responsible {
            order.responsible = match responsible.as_str() {
                "" => None,
                who => Some(find_responsible(reader, who)?),
            };
        }
        order.due = self.due.or(order.due);
        if let Some(debt) = &self.debt {
            let before = order
                .debt
                .take()
                .map(|debt| debt.currency)
                .unwrap_or_default();
            order.debt = Some(Money::parse(debt, &before)?).filter(|debt| debt.minor != 0);
        }
        order.closed = self.closed || (order.closed && !self.open);
        Ok(())
    }
}

fn find_order(reader: &Reader<'_>, client: &Client, number: &str) -> anyhow::Result<Option<Order>> {
    Ok(reader
        .orders(client.id)?
        .into_iter()
        .find(|order| order.number == number))
}

fn find_responsible(reader: &Reader<'_>, who: &str) -> anyhow::Result<Employee> {
    let everybody = reader.employees()?;
    let found = everybody
        .iter()
        .find(|e| e.extension == who || reader.same_text(&e.name, who));
    if let Some(employee) = found {
        return Ok(employee.clone());
    }
    let allowed: Vec<String> = everybody
        .iter()
        .map(|e| format!("{} {}", e.extension, e.name))
        .collect();
    bail!(tr!(
        "--responsible: {who} is no employee; allowed: {allowed}",
        who = format!("{who:?}"),
        allowed = allowed.join(", ")
    ))
}

fn row(order: &Order) -> [String; 6] {
    let debt = order.debt.as_ref().map(Money::to_string);
    [
        order.number.clone(),
        order.stage.clone(),
        order
            .responsible
            .as_ref()
            .map(|employee| employee.name.clone())
            .unwrap_or_default(),
        order.due.map(|due| due.to_string()).unwrap_or_default(),
        debt.unwrap_or_default(),
        if order.closed {
            tr!("closed")
        } else {
            tr!("open")
        },
    ]
}
