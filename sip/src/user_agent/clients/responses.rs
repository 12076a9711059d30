//! What comes back: which request a response answers, credentials, acknowledgements
//! (RFC 3261 §8.1.3, §13.2.2.4, §17.1.3, §22).

use std::time::{Duration, Instant};

use super::{Answered, Cancel, ContactForm, Machine, Outgoing, Phase, RequestId, derived};
use crate::message::{MAGIC_COOKIE, Method, Request, Response};
use crate::transaction::{InviteReaction, Reaction};
use crate::user_agent::AccountId;
use crate::user_agent::endpoint::{Endpoint, Failure, Notice, Owner};
use crate::user_agent::line::Line;
use crate::user_agent::network::Flow;

/// How often one request is sent again with fresh credentials.
const MAX_AUTHORIZATIONS: u8 = 3;
/// How many branches of a forked INVITE may answer with 2xx.
const MAX_ANSWERS: usize = 16;

impl Endpoint {
    /// Credentials go to the account's own registrar or proxy and to nobody else. Within a
    /// dialog even its proxy would carry them on to the other party, which may have made up the
    /// challenge itself: there, the other party has to be the account's server too.
    pub(super) fn may_authorize(&self, account: AccountId, request: &Request, flow: &Flow) -> bool {
        let Some(line) = self.lines.get(&account) else {
            return false;
        };
        self.is_home(account, flow)
            && (request.to.tag().is_none() || self.is_home_uri(line, &request.uri))
    }

    /// A response from the network.
    pub(in crate::user_agent) fn receive_response(&mut self, now: Instant, response: Response) {
        // RFC 3261 §8.1.3.3: a second Via means that it is not for us.
        if !response.lower_vias.is_empty() {
            return;
        }
        let Some(branch) = response.top_via.branch().and_then(branch_number) else {
            return;
        };
        let key = (branch, response.cseq.method == Method::Cancel);
        let Some(&id) = self.clients.branches.get(&key) else {
            return;
        };
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let Phase::Sent(sent) = &mut transaction.phase else {
            return;
        };
        if response.cseq != sent.request.cseq || response.call_id != sent.request.call_id {
            return;
        }
        match response.status {
            503 => {
                let wait = response.headers.number("Retry-After").unwrap_or_default();
                let wait = Duration::from_secs(u64::from(wait));
                self.names.shun(now, sent.flow.target(), wait);
            }
            _ => self.names.welcome(sent.flow.target()),
        }
        match &mut sent.machine {
            Machine::Other(machine) => match machine.handle_response(now, response.status) {
                Reaction::Deliver => self.deliver(now, id, response),
                Reaction::Absorb => {}
            },
            Machine::Invite(machine) => match machine.handle_response(now, response.status) {
                InviteReaction::Deliver => self.deliver(now, id, response),
                InviteReaction::DeliverAndAck => {
                    sent.ack = ack_of_failure(&sent.request, &response).to_bytes();
                    self.repeat_ack(now, id);
                    self.deliver(now, id, response);
                }
                InviteReaction::Ack => self.repeat_ack(now, id),
                InviteReaction::Absorb => {}
            },
        }
        self.settle_client(id);
    }

    pub(super) fn repeat_ack(&mut self, now: Instant, id: RequestId) {
        if let Some(transaction) = self.clients.transactions.get(&id)
            && let Phase::Sent(sent) = &transaction.phase
        {
            self.network
                .send(now, &sent.flow, sent.ack.clone(), &mut self.outputs);
        }
    }

    /// What the transaction layer can do itself with a response, or the owner is told.
    pub(super) fn deliver(&mut self, now: Instant, id: RequestId, response: Response) {
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let Phase::Sent(sent) = &mut transaction.phase else {
            return;
        };
        let is_invite = sent.request.method == Method::Invite;
        let cancel = transaction.cancel;
        let more_targets = !transaction.targets.is_empty();
        match response.status {
            100..200 if is_invite && cancel == Cancel::Wanted => {
                self.send_cancel(now, id);
            }
            200..300 if is_invite => {
                let tag = response.to.tag().unwrap_or_default();
                if let Some(answered) = sent.answers.iter().find(|answered| answered.tag == tag) {
                    if let Some((flow, bytes)) = &answered.ack {
                        let bytes = bytes.clone();
                        self.network.send(now, flow, bytes, &mut self.outputs);
                    }
                    return;
                }
                if sent.answers.len() >= MAX_ANSWERS {
                    return;
                }
                sent.answers.push(Answered {
                    tag: tag.to_owned(),
                    ack: None,
                });
            }
            401 | 407 if cancel == Cancel::No && self.authorize_again(now, id, &response) => {
                return;
            }
            503 if cancel == Cancel::No && more_targets => {
                return self.try_next_target(now, id, Failure::Unreachable);
            }
            _ => {}
        }
        let Some(transaction) = self.clients.transactions.get(&id) else {
            return;
        };
        let Phase::Sent(sent) = &transaction.phase else {
            return;
        };
        self.notices.push_back(Notice::Response {
            id,
            owner: transaction.outgoing.owner,
            request: sent.request.clone(),
            flow: sent.flow,
            response: Box::new(response),
        });
    }

    /// RFC 3261 §22: the request again, with credentials for the challenge. False: the challenge
    /// is not for us to answer, or our answer has just been refused.
    pub(super) fn authorize_again(
        &mut self,
        now: Instant,
        id: RequestId,
        response: &Response,
    ) -> bool {
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return false;
        };
        let Phase::Sent(sent) = &transaction.phase else {
            return false;
        };
        let (flow, request, nonces) = (sent.flow, sent.request.clone(), sent.nonces.clone());
        let Some(account) = transaction.outgoing.account else {
            return false;
        };
        let again = transaction.authorizations;
        if !self.may_authorize(account, &request, &flow) {
            return false;
        }
        let Some(line) = self.lines.get_mut(&account) else {
            return false;
        };
        if !line.learn(response) {
            return false;
        }
        // The second time round only an old nonce excuses the refusal, never the same nonce.
        let excused = line.is_excused(response, &nonces);
        if again >= MAX_AUTHORIZATIONS || !excused || (again > 0 && !Line::is_stale(response)) {
            line.forget_challenges();
            return false;
        }
        self.forget_branch(id);
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return false;
        };
        transaction.authorizations += 1;
        transaction.outgoing.request.cseq.seq += 1;
        let (owner, seq) = (
            transaction.outgoing.owner,
            transaction.outgoing.request.cseq.seq,
        );
        transaction.phase = Phase::Starting;
        if !self.dispatch(now, id, flow) {
            self.try_next_target(now, id, Failure::Unreachable);
        }
        self.notices.push_back(Notice::Renumbered { owner, seq });
        true
    }

    /// Acknowledges a 2xx (RFC 3261 §13.2.2.4); once more for each time the 2xx comes again.
    pub(crate) fn acknowledge(
        &mut self,
        now: Instant,
        invite: RequestId,
        ack: Request,
        account: Option<AccountId>,
    ) {
        let outgoing = Outgoing {
            request: ack,
            owner: Owner::Ack(invite),
            account,
            contact: ContactForm::None,
            offer: None,
        };
        self.send(now, outgoing);
    }

    pub(super) fn keep_answer(&mut self, invite: RequestId, tag: &str, ack: (Flow, Vec<u8>)) {
        if let Some(transaction) = self.clients.transactions.get_mut(&invite)
            && let Phase::Sent(sent) = &mut transaction.phase
            && let Some(answered) = sent.answers.iter_mut().find(|answered| answered.tag == tag)
        {
            answered.ack = Some(ack);
        }
    }
}

/// The number in a branch of ours.
fn branch_number(branch: &str) -> Option<u64> {
    u64::from_str_radix(branch.strip_prefix(MAGIC_COOKIE)?, 16).ok()
}

fn ack_of_failure(invite: &Request, response: &Response) -> Request {
    let mut ack = derived(invite, Method::Ack);
    ack.to = response.to.clone();
    ack
}
