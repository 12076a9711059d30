//! The fields of a card that come from outside the store: asked beside the look-up, filled when they
//! come. The card waits for none of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::effect::Effect;
use super::listener::Reactions;
use crate::model::{CallId, CardSource, Fact, Facts, SourceAnswer, SourceState, SourcedField};
use crate::tr;

/// The fields of one card.
#[derive(Debug, Default)]
pub(super) struct SourcedFields(Vec<Field>);

#[derive(Debug)]
struct Field {
    source: Arc<CardSource>,
    /// With what it was asked last.
    asked: Option<Facts>,
    state: SourceState,
    value: String,
}

impl SourcedFields {
    pub fn of(sources: &[Arc<CardSource>]) -> Self {
        let field = |source: &Arc<CardSource>| Field {
            source: Arc::clone(source),
            asked: None,
            state: SourceState::Waiting,
            value: String::new(),
        };
        Self(sources.iter().map(field).collect())
    }

    /// Asks the sources that can be asked with what is known now and were not asked with it.
    /// `is_all`: more will not be known, and who needs more has no data.
    pub fn ask(&mut self, call: CallId, known: &Facts, is_all: bool, out: &mut Reactions) {
        for field in &mut self.0 {
            let fact = |fact: Fact| Some((fact, known.get(&fact)?.clone()));
            let facts: Option<Facts> = field.source.needs().into_iter().map(fact).collect();
            match facts {
                Some(facts) if field.asked.as_ref() != Some(&facts) => {
                    field.state = SourceState::Waiting;
                    field.asked = Some(facts.clone());
                    let source = Arc::clone(&field.source);
                    out.effects.push(Effect::AskSource {
                        call,
                        source,
                        facts,
                    });
                }
                None if is_all => {
                    field.state = SourceState::NoData;
                    field.asked = None;
                }
                _ => {}
            }
        }
    }

    /// Takes an answer; one to a question that is not the last one is out of date.
    pub fn take(&mut self, answer: &SourceAnswer) {
        let is_asked = |field: &&mut Field| {
            field.source.name == answer.name && field.asked.as_ref() == Some(&answer.facts)
        };
        if let Some(field) = self.0.iter_mut().find(is_asked) {
            let value = answer.value.as_ref().ok().cloned().flatten();
            field.state = match value {
                Some(_) => SourceState::Here,
                None => SourceState::NoData,
            };
            field.value = value.unwrap_or_default();
        }
    }

    /// As the card shows them.
    pub fn shown(&self) -> Vec<SourcedField> {
        let shown = |field: &Field| SourcedField {
            name: field.source.name.clone(),
            state: field.state,
            value: match field.state {
                SourceState::Here => field.value.clone(),
                _ => String::new(),
            },
        };
        self.0.iter().map(shown).collect()
    }
}

/// What is wrong with sources, so that people are told of it once.
#[derive(Debug, Default)]
pub(super) struct Troubles(BTreeMap<String, String>);

impl Troubles {
    /// What a person should know now that a source has answered: a trouble that is new.
    pub fn heard(&mut self, answer: &SourceAnswer) -> Option<String> {
        let SourceAnswer { name, value, .. } = answer;
        let Err(why) = value else {
            self.0.remove(name);
            return None;
        };
        let before = self.0.insert(name.clone(), why.clone());
        let is_new = before.as_ref() != Some(why);
        is_new.then(|| tr!("No data from “{source}”: {why}", source = name, why = why))
    }
}
