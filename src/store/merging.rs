//! Making one client of two.

use rusqlite::{OptionalExtension, params};

use super::values::id;
use super::{Reader, Result, StoreError, Writer};
use crate::model::{Client, ClientId, Deed, Kind, Right};

impl Reader<'_> {
    /// The client, or the one it was merged into in the end, deleted or not; none where there
    /// never was one.
    pub(super) fn heir(&self, client: ClientId) -> Result<Option<ClientId>> {
        Ok(self.last_heir(client)?.map(|(heir, _)| heir))
    }

    /// The client as it is now: the one it was merged into, none where it was deleted.
    pub(super) fn present_client(&self, client: ClientId) -> Result<Option<ClientId>> {
        let heir = self.last_heir(client)?;
        Ok(heir.and_then(|(heir, is_there)| is_there.then_some(heir)))
    }

    fn last_heir(&self, client: ClientId) -> Result<Option<(ClientId, bool)>> {
        let mut statement = self.connection.prepare_cached(
            "WITH RECURSIVE heirs (id) AS (
                 SELECT ?1 UNION SELECT c.merged_into FROM heirs h JOIN clients c ON c.id = h.id
                 WHERE c.merged_into IS NOT NULL)
             SELECT c.id, c.deleted_at IS NULL FROM heirs h JOIN clients c ON c.id = h.id
             WHERE c.merged_into IS NULL",
        )?;
        Ok(statement
            .query_row([client.as_bytes()], |row| Ok((id(row, 0)?, row.get(1)?)))
            .optional()?)
    }
}

impl Writer<'_> {
    /// Makes one client of two, and writes down that `who` did: `from`'s numbers, fields, records,
    /// calls and tasks become `into`'s, what `into` lacks is filled, and `from` is marked deleted.
    pub fn merge_clients(&mut self, who: &str, into: ClientId, from: ClientId) -> Result<()> {
        let names = (self.load_client(from)?.name, self.load_client(into)?.name);
        let detail = format!("{} → {into} {}", names.0, names.1);
        let deed = Deed::delete(&format!("client {from}"), &detail);
        self.audit(who, Right::DeleteClients, &deed)?;
        self.join_clients(into, from)
    }

    fn join_clients(&mut self, into: ClientId, from: ClientId) -> Result<()> {
        if into == from {
            let allowed = "a client other than the one it is merged into";
            return Err(StoreError::not_allowed("client", from.to_string(), allowed));
        }
        let other = self.load_client(from)?;
        let mut kept = self.load_client(into)?;
        kept.absorb(&other);
        self.retire_client(from, Some(into))?;
        self.save_client(&kept)?;
        let records = Kind::of_clients().map(|kind| kind.table);
        for table in records.chain(["calls", "changes"]) {
            self.connection
                .prepare_cached(&format!("UPDATE {table} SET client = ?1 WHERE client = ?2"))?
                .execute(params![into.as_bytes(), from.as_bytes()])?;
        }
        self.merge_tasks(into, from)?;
        self.connection
            .prepare_cached(
                "UPDATE clients SET photo = (SELECT photo FROM clients WHERE id = ?2)
                 WHERE id = ?1 AND photo IS NULL",
            )?
            .execute(params![into.as_bytes(), from.as_bytes()])?;
        self.write_merge(&kept, &other)
    }
}

impl Writer<'_> {
    /// Merges drafts that have one of the client's numbers into the client: it is known now whose
    /// they are.
    pub(super) fn take_in_drafts(&mut self, client: &Client) -> Result<()> {
        for phone in &client.phones {
            let drafts: Vec<ClientId> = self
                .connection
                .prepare_cached(
                    "SELECT c.id FROM client_numbers n CROSS JOIN clients c ON c.id = n.client
                     WHERE n.e164 = ?1 AND n.client <> ?2 AND n.deleted_at IS NULL
                     AND c.draft = 1 AND c.deleted_at IS NULL",
                )?
                .query_map(params![phone.number.e164(), client.id.as_bytes()], |row| {
                    id(row, 0)
                })?
                .collect::<rusqlite::Result<_>>()?;
            for draft in drafts {
                self.join_clients(client.id, draft)?;
            }
        }
        Ok(())
    }
}
