//! Making one client of two.

use rusqlite::{OptionalExtension, params};

use super::values::id;
use super::{Reader, Result, StoreError, Writer};
use crate::model::{CategoryId, Client, ClientId, Kind};

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
    /// Makes one client of two: `from`'s numbers, fields, records, calls and tasks become `into`'s, what
    /// `into` lacks is filled, and `from` is marked deleted.
    pub fn merge_clients(&mut self, into: ClientId, from: ClientId) -> Result<()> {
        if into == from {
            let allowed = "a client other than the one it is merged into";
            return Err(StoreError::not_allowed("client", from.to_string(), allowed));
        }
        let other = self.load_client(from)?;
        let mut kept = self.load_client(into)?;
        absorb(&mut kept, &other);
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
        self.write_merge(into, &other)
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
                self.merge_clients(client.id, draft)?;
            }
        }
        Ok(())
    }
}

/// What `kept` lacks, it takes from `other`.
fn absorb(kept: &mut Client, other: &Client) {
    for phone in &other.phones {
        match kept
            .phones
            .iter_mut()
            .find(|known| known.number == phone.number)
        {
            Some(known) => {
                fill(&mut known.label, &phone.label);
                fill(&mut known.extension, &phone.extension);
            }
            None => kept.phones.push(phone.clone()),
        }
    }
    for email in &other.emails {
        if !kept
            .emails
            .iter()
            .any(|known| known.address == email.address)
        {
            kept.emails.push(email.clone());
        }
    }
    for address in &other.addresses {
        if !kept.addresses.contains(address) {
            kept.addresses.push(address.clone());
        }
    }
    kept.tags.extend(other.tags.iter().cloned());
    for (name, value) in &other.custom {
        if !kept.custom.iter().any(|(known, _)| known == name) {
            kept.custom.push((name.clone(), value.clone()));
        }
    }
    if kept.draft && other.is_named() {
        // Nobody gave it the name it has.
        kept.name.clone_from(&other.name);
    }
    fill(&mut kept.name, &other.name);
    fill(&mut kept.company, &other.company);
    fill(&mut kept.language, &other.language);
    absorb_note(kept, other);
    if kept.greeting.is_none() {
        kept.greeting.clone_from(&other.greeting);
    }
    if kept.category == CategoryId::ordinary() {
        kept.category = other.category.clone();
    }
    if kept.responsible.is_none() {
        kept.responsible.clone_from(&other.responsible);
    }
    // Of two answers the later one counts; one without a day is the older.
    let at = |client: &Client| client.consent.as_ref().map(|consent| consent.at);
    if other.consent.is_some() && at(other) > at(kept) {
        kept.consent.clone_from(&other.consent);
    }
    kept.do_not_call |= other.do_not_call;
}

/// Both notes were written for whoever takes the call: none may get lost, nor go before its time.
fn absorb_note(kept: &mut Client, other: &Client) {
    kept.note_acknowledge |= other.note_acknowledge;
    if other.note.is_empty() || kept.note.contains(&other.note) {
        return;
    }
    if kept.note.is_empty() {
        kept.note_until = other.note_until;
    } else {
        kept.note.push('\n');
        let both = kept.note_until.zip(other.note_until);
        kept.note_until = both.map(|(one, another)| one.max(another));
    }
    kept.note.push_str(&other.note);
}

fn fill(mine: &mut String, theirs: &String) {
    if mine.is_empty() {
        mine.clone_from(theirs);
    }
}
