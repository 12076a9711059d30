//! `ringbook log note` and `ringbook log tag`: what a person writes of a call, while it goes on or later.

use clap::Subcommand;

use super::data::open_store;
use crate::control::{self, Request};
use crate::model::CallId;
use crate::profile::Profile;
use crate::store::{Result, Writer};

/// What a person writes of a call.
#[derive(Debug, Subcommand)]
pub enum MarkCommand {
    /// Write a note on a call, in the place of the one that it has
    Note {
        /// The call's id
        call: CallId,
        /// The note; an empty one clears it
        text: String,
    },
    /// Give a call tags, or take them from it
    Tag {
        /// The call's id
        call: CallId,
        /// The tags that it gets
        #[arg(value_name = "TAG", required_unless_present = "remove")]
        tags: Vec<String>,
        /// The tags that are taken from it
        #[arg(long, value_name = "TAG", num_args = 1..)]
        remove: Vec<String>,
    },
}

/// Writes it into the profile's store.
pub fn run(command: &MarkCommand, profile: &Profile) -> anyhow::Result<()> {
    match command {
        MarkCommand::Note { call, text } => {
            mark(profile, *call, |writer| writer.set_call_note(*call, text))
        }
        MarkCommand::Tag { call, tags, remove } => mark(profile, *call, |writer| {
            let mut gone = remove.iter();
            gone.try_for_each(|tag| writer.remove_call_tag(*call, tag))?;
            tags.iter()
                .try_for_each(|tag| writer.add_call_tag(*call, tag))
        }),
    }
}

fn mark(
    profile: &Profile,
    call: CallId,
    change: impl FnOnce(&mut Writer<'_>) -> Result<()>,
) -> anyhow::Result<()> {
    open_store(profile)?.write(change)?;
    // A phone that runs tells its window and its scripts; without one there is nobody to tell.
    let _ = control::ask(profile, &Request::CallMarked { call });
    Ok(())
}
