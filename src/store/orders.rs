//! Table `orders`, as the card and the window take it: [`Kind::ORDER`] served by `records`.

use super::{Reader, Result, Writer};
use crate::model::{ClientId, Kind, Order, OrderId, Record, RecordId};

/// What is still open, the first due first, what has no day last.
pub(super) const OPEN: &str =
    "t.client = ?1 AND t.closed = 0 ORDER BY t.due IS NULL, t.due, t.number";

impl Reader<'_> {
    /// The client's open orders, the first due first, those without a day last.
    pub fn open_orders(&self, client: ClientId) -> Result<Vec<Order>> {
        let found = self.select(Kind::ORDER, OPEN, &[client.as_bytes()])?;
        Ok(found.iter().filter_map(Order::of).collect())
    }

    /// All of the client's orders, the open ones first, the latest made first.
    pub fn orders(&self, client: ClientId) -> Result<Vec<Order>> {
        let found = self.records(Kind::ORDER, Some(client))?;
        Ok(found.iter().filter_map(Order::of).collect())
    }
}

impl Writer<'_> {
    /// Adds the order or changes it. The responsible employee must be in the store.
    pub fn save_order(&mut self, order: &Order) -> Result<()> {
        self.save_record(&Record::from(order))
    }

    /// Marks the order deleted.
    pub fn delete_order(&mut self, id: OrderId) -> Result<()> {
        self.delete_record(Kind::ORDER, RecordId::from_bytes(*id.as_bytes()))
    }
}
