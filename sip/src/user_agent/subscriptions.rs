//! What the program asks of subscriptions, and the notifications that come for them (RFC 6665).

use std::sync::Arc;
use std::time::Instant;

use super::{AccountId, CommandError, Endpoint, EventPackage, ServerId, SubscriptionId, UserAgent};
use crate::dialog::as_request_uri;
use crate::message::{Method, Request, Uri};
use crate::subscription::Subscription;

impl UserAgent {
    /// Subscribes to the state of `target`, and keeps the subscription alive until
    /// `unsubscribe`. `Subscription` and `Notified` events follow.
    pub fn subscribe(
        &mut self,
        now: Instant,
        account: AccountId,
        target: &Uri,
        package: EventPackage,
    ) -> Result<SubscriptionId, CommandError> {
        if self.endpoint.line(account).is_none() {
            return Err(CommandError::NoSuchAccount);
        }
        if target.as_sip().is_none() {
            return Err(CommandError::BadTarget);
        }
        self.last_subscription += 1;
        let id = SubscriptionId(self.last_subscription);
        let target = as_request_uri(target.clone());
        let mut subscription =
            Subscription::new(&mut self.endpoint, (id, account), target, package);
        subscription.start(now, &mut self.endpoint);
        self.subscriptions.insert(id, subscription);
        self.handle_notices(now);
        Ok(id)
    }

    /// Ends a subscription; nothing more is told of it.
    pub fn unsubscribe(&mut self, now: Instant, subscription: SubscriptionId) {
        self.with_subscription(subscription, |subscription, endpoint| {
            subscription.stop(now, endpoint);
        });
        self.handle_notices(now);
    }

    /// Lets a subscription do something, and forgets it when it is over.
    pub(super) fn with_subscription<T>(
        &mut self,
        id: SubscriptionId,
        run: impl FnOnce(&mut Subscription, &mut Endpoint) -> T,
    ) -> Option<T> {
        let subscription = self.subscriptions.get_mut(&id)?;
        let result = run(subscription, &mut self.endpoint);
        if subscription.is_over() {
            self.subscriptions.remove(&id);
        }
        Some(result)
    }

    /// A request that belongs to no call: a NOTIFY that knows our tag is a subscription's, and
    /// everything else is nobody's.
    pub(super) fn receive_for_subscription(
        &mut self,
        now: Instant,
        server: ServerId,
        request: &Arc<Request>,
    ) {
        let meant = self
            .subscriptions
            .iter()
            .find(|(_, subscription)| subscription.is_meant(request))
            .map(|(id, _)| *id);
        match meant {
            Some(id) if request.method == Method::Notify => {
                if !self.endpoint.refuse_extensions(now, server, request) {
                    self.with_subscription(id, |subscription, endpoint| {
                        subscription.handle_notify(now, endpoint, server, request);
                    });
                }
            }
            _ => self.endpoint.reply(now, server, 481),
        }
    }
}
