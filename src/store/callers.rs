//! What a person says of the other party of a call: written, and told as the card needs it.

use super::{CallerQuery, Result, StoreError, Writer};
use crate::model::{CallId, CallerMatch, Client, ClientField};

/// The most of a name that the network gave.
const MAX_NAME: usize = 200;

impl Writer<'_> {
    /// Makes the call one with the client that is asked for.
    pub fn link_caller(
        &mut self,
        call: CallId,
        asked: &CallerQuery,
    ) -> Result<Option<CallerMatch>> {
        if let Some(client) = asked.client {
            self.load_client(client)?;
            // Without the call log there is no row.
            if self.any_call(call)?.is_some() {
                self.link_call(call, client)?;
            }
        }
        self.look_up(asked)
    }

    /// Enters a draft of this name, or without one, for the number that is asked for, where no client
    /// has it.
    pub fn register_caller(
        &mut self,
        asked: &CallerQuery,
        name: &str,
    ) -> Result<Option<CallerMatch>> {
        if let Some(number) = asked.number
            && self.clients_with_number(number)?.is_empty()
        {
            let name: String = name.trim().chars().take(MAX_NAME).collect();
            let name = match name.is_empty() {
                true => number.international(),
                false => name,
            };
            let draft = Client {
                draft: true,
                ..Client::named(name, self.now).with_phone(number)
            };
            self.write_client(None, draft)?;
        }
        self.look_up(asked)
    }

    /// Gives the other party's client these fields, or enters a client with them and the number, and
    /// makes the call one with that client.
    pub fn save_caller(
        &mut self,
        call: CallId,
        asked: &CallerQuery,
        fields: &[(ClientField, String)],
    ) -> Result<Option<CallerMatch>> {
        let known = self.look_up(asked)?.and_then(|found| found.client);
        let mut client = known.unwrap_or_else(|| {
            let new = Client::named("", self.now);
            match asked.number {
                Some(number) => new.with_phone(number),
                None => new,
            }
        });
        let lists = self.lists()?;
        for (field, text) in fields {
            client.set(field, text.trim(), &lists).map_err(|error| {
                StoreError::not_allowed(field.to_string(), error.value, error.allowed)
            })?;
        }
        if client.name.is_empty() && client.company.is_empty() {
            return Err(StoreError::not_allowed("name", "", "the caller's name"));
        }
        self.save_client(&client)?;
        let asked = CallerQuery {
            client: Some(client.id),
            ..asked.clone()
        };
        self.link_caller(call, &asked)
    }
}
