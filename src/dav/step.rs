//! What one contact comes to in a meeting: something to keep, and what is told of it.

use std::collections::BTreeMap;

use super::book::{Loaded, Meeting};
use super::plan::Pair;
use super::report::{Conflict, Move, What};
use super::{CardReading, Clash, Fetched, Side};
use crate::model::{Client, ClientId};

/// Something to keep, and what is told when it is kept.
pub(super) struct Step {
    pub meeting: Meeting,
    pub name: String,
    pub moves: Vec<(Side, What)>,
}

impl Step {
    pub fn quiet(meeting: Meeting) -> Self {
        Self {
            meeting,
            name: String::new(),
            moves: Vec::new(),
        }
    }

    /// A client that nobody here has had.
    pub fn entered(id: ClientId, card: Fetched, reading: CardReading) -> Self {
        let client = Client {
            id,
            ..reading.client
        };
        Self {
            name: shown(&client),
            moves: vec![(Side::Here, What::Created)],
            meeting: Meeting::Met {
                client: id,
                card,
                stamp: None,
                save: Some(Box::new(client)),
                clashes: Vec::new(),
            },
        }
    }

    /// A client that was deleted while its card was changed.
    pub fn revived(id: ClientId, card: Fetched, reading: CardReading) -> Self {
        let mut step = Self::entered(id, card, reading);
        if let Meeting::Met {
            save: Some(client),
            clashes,
            ..
        } = &mut step.meeting
        {
            clashes.push(deletion(client));
        }
        step
    }

    /// A client that lies on the server as it is here.
    pub fn sent(
        client: &Client,
        card: Fetched,
        moves: Vec<(Side, What)>,
        clashes: Vec<Clash>,
    ) -> Self {
        Self {
            name: shown(client),
            moves,
            meeting: Meeting::Met {
                client: client.id,
                card,
                stamp: Some(client.updated_at),
                save: None,
                clashes,
            },
        }
    }

    pub fn deleted_here(pair: Pair, client: &Client) -> Self {
        Self {
            meeting: Meeting::DeleteHere(pair),
            name: shown(client),
            moves: vec![(Side::Here, What::Deleted)],
        }
    }

    /// What is kept, and what is told when it is.
    pub fn parted(self) -> (Meeting, (String, Vec<Move>, Vec<Conflict>)) {
        let Self {
            meeting,
            name,
            moves,
        } = self;
        let moves = moves.into_iter().map(|(to, what)| Move {
            to,
            what,
            name: name.clone(),
        });
        let moves = moves.collect();
        let conflicts = match &meeting {
            Meeting::Met {
                client, clashes, ..
            } => conflicts(*client, &name, clashes),
            _ => Vec::new(),
        };
        (meeting, (name, moves, conflicts))
    }
}

/// The pairs whose clients are there, and the cards that they had.
pub(super) fn present(
    pairs: &[Pair],
    mut loaded: BTreeMap<ClientId, Loaded>,
) -> impl Iterator<Item = (&Pair, Client, String)> {
    pairs.iter().filter_map(move |pair| {
        let loaded = loaded.remove(&pair.client)?;
        Some((pair, loaded.client?, loaded.card?))
    })
}

/// What gave way, for the report.
pub(super) fn conflicts(client: ClientId, name: &str, clashes: &[Clash]) -> Vec<Conflict> {
    let conflict = |clash: &Clash| Conflict {
        client,
        name: name.to_owned(),
        clash: clash.clone(),
    };
    clashes.iter().map(conflict).collect()
}

/// That the contact was deleted on one side, and kept.
pub(super) fn deletion(client: &Client) -> Clash {
    Clash {
        field: String::new(),
        kept: shown(client),
        lost: String::new(),
    }
}

/// Whether both say the same in every field, in whatever order.
pub(super) fn say_the_same(one: &Client, other: &Client) -> bool {
    let texts = |client: &Client| client.texts().into_iter().collect::<BTreeMap<_, _>>();
    texts(one) == texts(other)
}

/// What the client is called.
pub(super) fn shown(client: &Client) -> String {
    let number = client
        .phones
        .first()
        .map(|phone| phone.number.international());
    let names = [client.name.clone(), client.company.clone()];
    let mut names = names
        .into_iter()
        .chain(number)
        .chain([client.email().to_owned()]);
    names.find(|name| !name.is_empty()).unwrap_or_default()
}
