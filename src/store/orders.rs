//! Table `orders`.

use jiff::civil::Date;
use rusqlite::{Row, params};

use super::employees::employee;
use super::values::{id, id_or_none, millis, one, unknown};
use super::{Reader, Result, Writer};
use crate::model::{ClientId, EmployeeId, Money, Order, OrderId};

/// What an order is read from: twelve columns, the last three the responsible employee's.
const COLUMNS: &str = "o.id, o.client, o.number, o.stage, o.due, o.debt_minor, o.debt_currency,
    o.closed, o.responsible, e.id, e.name, e.extension";

impl Reader<'_> {
    /// The client's open orders, the first due first, those without a day last.
    pub fn open_orders(&self, client: ClientId) -> Result<Vec<Order>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM orders o LEFT JOIN employees e ON e.id = o.responsible
             WHERE o.client = ?1 AND o.closed = 0 AND o.deleted_at IS NULL
             ORDER BY o.due IS NULL, o.due, o.number"
        ))?;
        let rows = statement.query_map([client.as_bytes()], order)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// All of the client's orders, the open ones first, the latest made first.
    pub fn orders(&self, client: ClientId) -> Result<Vec<Order>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM orders o LEFT JOIN employees e ON e.id = o.responsible
             WHERE o.client = ?1 AND o.deleted_at IS NULL ORDER BY o.closed, o.id DESC"
        ))?;
        let rows = statement.query_map([client.as_bytes()], order)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Writer<'_> {
    /// Adds the order or changes it. The responsible employee must be in the store.
    pub fn save_order(&mut self, order: &Order) -> Result<()> {
        let responsible = order.responsible.as_ref().map(|employee| employee.id);
        self.connection
            .prepare_cached(
                "INSERT INTO orders (id, client, number, stage, responsible, due, debt_minor,
                     debt_currency, closed, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)
                 ON CONFLICT (id) DO UPDATE SET client = excluded.client, number = excluded.number,
                     stage = excluded.stage, responsible = excluded.responsible, due = excluded.due,
                     debt_minor = excluded.debt_minor, debt_currency = excluded.debt_currency,
                     closed = excluded.closed, updated_at = excluded.updated_at, deleted_at = NULL",
            )?
            .execute(params![
                order.id.as_bytes(),
                order.client.as_bytes(),
                order.number,
                order.stage,
                responsible.as_ref().map(EmployeeId::as_bytes),
                order.due.map(|due| due.to_string()),
                order.debt.as_ref().map(|debt| debt.minor),
                order.debt.as_ref().map(|debt| &debt.currency),
                order.closed,
                millis(self.now),
            ])?;
        Ok(())
    }

    /// Marks the order deleted.
    pub fn delete_order(&mut self, id: OrderId) -> Result<()> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE orders SET deleted_at = ?2, updated_at = ?2
                 WHERE id = ?1 AND deleted_at IS NULL",
            )?
            .execute(params![id.as_bytes(), millis(self.now)])?;
        one(changed, "order", id)
    }
}

fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    let due: Option<String> = row.get(4)?;
    let due = due
        .map(|due| {
            due.parse::<Date>()
                .map_err(|_| unknown(4, "orders.due", &due))
        })
        .transpose()?;
    let minor: Option<i64> = row.get(5)?;
    let currency: Option<String> = row.get(6)?;
    let responsible = match id_or_none::<EmployeeId>(row, 9)? {
        Some(_) => Some(employee(row, 9)?),
        None => None,
    };
    Ok(Order {
        id: id(row, 0)?,
        client: id(row, 1)?,
        number: row.get(2)?,
        stage: row.get(3)?,
        responsible,
        due,
        debt: minor.map(|minor| Money {
            minor,
            currency: currency.unwrap_or_default(),
        }),
        closed: row.get(7)?,
    })
}
