//! What becomes of two clients who are one.

use super::{CategoryId, Client, ClientField};

impl Client {
    /// Takes from `other`, who is the same client, what this one lacks.
    pub fn absorb(&mut self, other: &Self) {
        let kept = self;
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

    /// The fields of which this client says something that `kept`, who has absorbed it, does not.
    /// The name is not among them: the merge itself is told by it.
    pub fn given_up_to(&self, kept: &Self) -> Vec<(ClientField, String)> {
        let stays = kept.texts();
        let is_kept = |field: &ClientField, text: &str| match field {
            ClientField::Once("name" | "tags") => true,
            ClientField::Once("category") if text == CategoryId::ordinary().as_str() => true,
            ClientField::At(..) => stays.iter().any(|(_, kept)| kept == text),
            field => {
                let mut same = stays.iter().filter(|(known, _)| known == field);
                same.any(|(_, kept)| kept.contains(text))
            }
        };
        let mut given_up = self.texts();
        given_up.retain(|(field, text)| !is_kept(field, text));
        given_up
    }
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
