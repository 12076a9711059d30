//! What is opened beside the phone's start: the store, what calls cost, and the API.

use std::io;
use std::path::PathBuf;

use super::AppHandle;
use super::message::{Inbox, Message};
use super::recovery;
use crate::api::{ApiError, Bound, Serving};
use crate::automation::{Body, NoticeKind};
use crate::model::{Seat, TaskTerms};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::store::{StoreHandle, StoreNotice};
use crate::tariffs::Tariffs;
use crate::{tr, words};

/// Opens the store on a thread of its own, for whoever sits at the seat; then repairs what a crash cut off.
pub(super) fn open_store(
    profile: &Profile,
    terms: Option<TaskTerms>,
    seat: Seat,
    inbox: Inbox,
) -> io::Result<()> {
    let (database, recordings): (PathBuf, PathBuf) = (profile.database(), profile.recordings());
    let thread = std::thread::Builder::new().name("store-open".to_owned());
    thread.spawn(move || {
        let told = inbox.clone();
        let notify = move |notice| told.put(store_news(notice));
        match StoreHandle::open_with(&database, terms, seat, notify) {
            Ok((store, opening)) => {
                inbox.put(Message::StoreOpened(Ok(store)));
                for news in opening.tasks {
                    inbox.put(store_news(StoreNotice::Task(Box::new(news))));
                }
                if let Some(file) = opening.kept_aside {
                    inbox.put(store_news(StoreNotice::KeptAside { file }));
                }
                if let Some(error) = opening.waiting {
                    inbox.put(store_news(StoreNotice::Unavailable { error }));
                }
                recovery::recover(&recordings, opening.interrupted, &inbox);
            }
            Err(error) => inbox.put(Message::StoreOpened(Err(error.to_string()))),
        }
    })?;
    Ok(())
}

/// Serves the API that is bound, where it is wanted; a phone without it is a phone all the same.
pub(super) fn serve_api(
    bound: Result<Option<Bound>, ApiError>,
    phone: AppHandle,
) -> Option<Serving> {
    let inbox = phone.inbox.clone();
    let served = bound.and_then(|bound| bound.map(|bound| bound.serve(phone)).transpose());
    served.unwrap_or_else(|error| {
        let text = tr!("Other programs cannot ask the phone: {why}", why = error);
        inbox.put(Message::Notice(NoticeKind::Api, text));
        None
    })
}

/// Puts into the inbox what calls cost, as the file says; where something is wrong with it, what to
/// tell of that.
pub(super) fn tariffs(profile: &Profile, inbox: &Inbox) {
    let notice = |text| inbox.put(Message::Notice(NoticeKind::Settings, text));
    match Tariffs::load(&profile.tariffs()) {
        Ok(tariffs) => {
            if let Ok(settings) = Settings::load(&profile.settings()) {
                words::lines_of_none(&tariffs, &settings).for_each(notice);
            }
            inbox.put(Message::Tariffs(tariffs));
        }
        Err(error) => notice(tr!(
            "What calls cost stays as it was: {error}",
            error = error
        )),
    }
}

/// What the loop is told of the store: mostly something for people.
fn store_news(notice: StoreNotice) -> Message {
    let text = match notice {
        StoreNotice::Unavailable { error } => {
            tr!(
                "The database cannot be written: {error}. Calls go on; their rows wait.",
                error = error
            )
        }
        StoreNotice::Recovered => tr!("The database can be written again; nothing was lost."),
        StoreNotice::KeptAside { file } => {
            tr!(
                "The database was damaged. It is kept as {file}; an empty one was begun.",
                file = file.display()
            )
        }
        StoreNotice::Task(news) => {
            return Message::Tell(Body::Task(Box::new(news.as_ref().into())));
        }
    };
    Message::Notice(NoticeKind::Store, text)
}
