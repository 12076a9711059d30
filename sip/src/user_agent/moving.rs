//! The phone moves: another network, another address, or a NAT that forgot us.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Instant;

use super::{AccountId, UserAgent};

impl UserAgent {
    /// The addresses of this computer that registrations and connections stand on: the driver
    /// looks whether they are still there.
    pub fn local_addresses(&self) -> BTreeSet<IpAddr> {
        let registered = self
            .registrations
            .values()
            .filter_map(|registration| registration.flow())
            .map(|flow| flow.local.ip());
        registered.chain(self.endpoint.network.locals()).collect()
    }

    /// This computer's addresses have changed; `gone` are those of
    /// [`UserAgent::local_addresses`] that it has no more. What stood on them is made anew, the
    /// other parties of calls are told, and what failed is tried at once.
    pub fn handle_addresses(&mut self, now: Instant, gone: &[IpAddr]) {
        self.endpoint.names.forget_sources();
        for connection in self.endpoint.network.connections_from(gone) {
            self.endpoint.close_connection(connection);
            self.endpoint.connection_closed(now, connection);
        }
        self.handle_notices(now);
        for registration in self.registrations.values_mut() {
            let is_gone = |flow: &super::Flow| gone.contains(&flow.local.ip());
            registration.handle_addresses(now, &mut self.endpoint, is_gone);
        }
        if !gone.is_empty() {
            self.relocate_calls(now, None, gone);
        }
        self.handle_notices(now);
    }

    /// Tells the other parties where we are now; of all accounts, or of one.
    pub(super) fn relocate_calls(
        &mut self,
        now: Instant,
        account: Option<AccountId>,
        gone: &[IpAddr],
    ) {
        let of_account = |call: &crate::call::Call| account.is_none() || call.account == account;
        let calls = self.calls.iter().filter(|(_, call)| of_account(call));
        let handles: Vec<_> = calls.map(|(handle, _)| *handle).collect();
        for handle in handles {
            self.with_call(handle, |call, endpoint| call.relocate(now, endpoint, gone));
        }
    }
}
