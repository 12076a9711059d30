//! What the program publishes of itself (RFC 3903).

use std::time::Instant;

use super::{AccountId, CommandError, Endpoint, EventPackage, PublicationId, UserAgent};
use crate::publication::Publication;

impl UserAgent {
    /// Publishes a document of `package` as the account's state, and keeps it alive until
    /// `unpublish`. `Publication` events follow; after one that is not tried again it is forgotten.
    pub fn publish(
        &mut self,
        now: Instant,
        account: AccountId,
        package: EventPackage,
        document: Vec<u8>,
    ) -> Result<PublicationId, CommandError> {
        if self.endpoint.line(account).is_none() {
            return Err(CommandError::NoSuchAccount);
        }
        self.last_publication += 1;
        let id = PublicationId(self.last_publication);
        let mut publication =
            Publication::new(&mut self.endpoint, (id, account), package, document);
        publication.start(now, &mut self.endpoint);
        self.publications.insert(id, publication);
        self.handle_notices(now);
        Ok(id)
    }

    /// The state is another one now.
    pub fn publish_change(&mut self, now: Instant, publication: PublicationId, document: Vec<u8>) {
        self.with_publication(publication, |publication, endpoint| {
            publication.change(now, endpoint, document);
        });
        self.handle_notices(now);
    }

    /// Withdraws what was published; nothing more is told of it.
    pub fn unpublish(&mut self, now: Instant, publication: PublicationId) {
        self.with_publication(publication, |publication, endpoint| {
            publication.stop(now, endpoint);
        });
        self.handle_notices(now);
    }

    /// Lets a publication do something, and forgets it when it is over.
    pub(super) fn with_publication(
        &mut self,
        id: PublicationId,
        run: impl FnOnce(&mut Publication, &mut Endpoint),
    ) {
        if let Some(publication) = self.publications.get_mut(&id) {
            run(publication, &mut self.endpoint);
            if publication.is_over() {
                self.publications.remove(&id);
            }
        }
    }
}
