//! Every state of the four transaction machines: RFC 3261 figures 5–8, RFC 6026 figures 5 and 7.

use std::time::{Duration, Instant};

use ringbook_sip::transaction::{
    Client, ClientInvite, Expiry, InviteReaction, Reaction, Server, ServerInvite, ServerReaction,
    Timers,
};

const UNRELIABLE: bool = false;
const RELIABLE: bool = true;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What a machine's timers ask for over time, as milliseconds after `start`.
fn run_timers(
    start: Instant,
    mut deadline: impl FnMut() -> Option<Instant>,
    mut fire: impl FnMut(Instant) -> Expiry,
) -> Vec<(u128, Expiry)> {
    let mut log = Vec::new();
    while let Some(at) = deadline() {
        log.push(((at - start).as_millis(), fire(at)));
        assert!(log.len() < 100, "the machine never comes to rest: {log:?}");
    }
    log
}

macro_rules! timers_of {
    ($machine:ident, $start:expr) => {{
        let cell = std::cell::RefCell::new(&mut $machine);
        run_timers(
            $start,
            || cell.borrow().deadline(),
            |at| cell.borrow_mut().handle_timeout(at),
        )
    }};
}

mod client_invite {
    use super::*;

    fn calling(reliable: bool) -> (ClientInvite, Instant) {
        let start = Instant::now();
        (ClientInvite::new(start, Timers::default(), reliable), start)
    }

    #[test]
    fn calling_doubles_timer_a_until_timer_b_gives_up_after_64_t1() {
        let (mut machine, start) = calling(UNRELIABLE);
        let log = timers_of!(machine, start);
        let resent: Vec<u128> = log
            .iter()
            .filter(|(_, e)| *e == Expiry::Retransmit)
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(resent, [500, 1500, 3500, 7500, 15500, 31500]);
        assert_eq!(*log.last().unwrap(), (32000, Expiry::TimedOut));
        assert!(machine.is_terminated());
    }

    #[test]
    fn calling_over_a_stream_never_retransmits() {
        let (mut machine, start) = calling(RELIABLE);
        assert_eq!(timers_of!(machine, start), [(32000, Expiry::TimedOut)]);
    }

    #[test]
    fn a_provisional_response_stops_both_timers() {
        let (mut machine, start) = calling(UNRELIABLE);
        assert_eq!(machine.handle_response(start, 180), InviteReaction::Deliver);
        assert!(machine.is_proceeding());
        assert_eq!(machine.deadline(), None);
        assert_eq!(machine.handle_response(start, 183), InviteReaction::Deliver);
    }

    #[test]
    fn a_failure_is_acknowledged_again_and_again_until_timer_d() {
        for first in [300, 486, 503, 603] {
            let (mut machine, start) = calling(UNRELIABLE);
            assert_eq!(
                machine.handle_response(start, first),
                InviteReaction::DeliverAndAck
            );
            assert_eq!(
                machine.handle_response(start + ms(500), first),
                InviteReaction::Ack
            );
            assert_eq!(machine.handle_response(start, 180), InviteReaction::Absorb);
            assert_eq!(machine.handle_response(start, 200), InviteReaction::Absorb);
            assert_eq!(timers_of!(machine, start), [(32000, Expiry::Nothing)]);
            assert!(machine.is_terminated());
        }
    }

    #[test]
    fn a_failure_over_a_stream_terminates_at_once() {
        let (mut machine, start) = calling(RELIABLE);
        machine.handle_response(start, 180);
        assert_eq!(
            machine.handle_response(start, 486),
            InviteReaction::DeliverAndAck
        );
        assert!(machine.is_terminated());
        assert_eq!(machine.handle_response(start, 486), InviteReaction::Absorb);
    }

    #[test]
    fn every_2xx_goes_up_until_timer_m() {
        for reliable in [UNRELIABLE, RELIABLE] {
            let (mut machine, start) = calling(reliable);
            assert_eq!(machine.handle_response(start, 200), InviteReaction::Deliver);
            assert!(machine.is_accepted());
            assert_eq!(machine.handle_response(start, 200), InviteReaction::Deliver);
            assert_eq!(machine.handle_response(start, 180), InviteReaction::Absorb);
            assert_eq!(machine.handle_response(start, 486), InviteReaction::Absorb);
            assert_eq!(timers_of!(machine, start), [(32000, Expiry::Nothing)]);
            assert_eq!(machine.handle_response(start, 200), InviteReaction::Absorb);
        }
    }

    #[test]
    fn a_timer_that_fires_early_changes_nothing() {
        let (mut machine, start) = calling(UNRELIABLE);
        assert_eq!(machine.handle_timeout(start + ms(499)), Expiry::Nothing);
        assert!(machine.is_calling());
        assert_eq!(machine.deadline(), Some(start + ms(500)));
    }
}

mod client {
    use super::*;

    fn trying(reliable: bool) -> (Client, Instant) {
        let start = Instant::now();
        (Client::new(start, Timers::default(), reliable), start)
    }

    #[test]
    fn trying_doubles_timer_e_up_to_t2_until_timer_f() {
        let (mut machine, start) = trying(UNRELIABLE);
        let log = timers_of!(machine, start);
        let resent: Vec<u128> = log
            .iter()
            .filter(|(_, e)| *e == Expiry::Retransmit)
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(
            resent,
            [
                500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500
            ]
        );
        assert_eq!(*log.last().unwrap(), (32000, Expiry::TimedOut));
    }

    #[test]
    fn proceeding_retransmits_every_t2_and_still_times_out() {
        let (mut machine, start) = trying(UNRELIABLE);
        assert_eq!(
            machine.handle_response(start + ms(100), 100),
            Reaction::Deliver
        );
        let log = timers_of!(machine, start);
        let resent: Vec<u128> = log
            .iter()
            .filter(|(_, e)| *e == Expiry::Retransmit)
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(resent, [500, 4500, 8500, 12500, 16500, 20500, 24500, 28500]);
        assert_eq!(*log.last().unwrap(), (32000, Expiry::TimedOut));
    }

    #[test]
    fn a_final_response_goes_up_once_and_timer_k_absorbs_the_rest() {
        let (mut machine, start) = trying(UNRELIABLE);
        assert_eq!(machine.handle_response(start, 200), Reaction::Deliver);
        assert!(!machine.is_pending());
        assert_eq!(machine.handle_response(start, 200), Reaction::Absorb);
        assert_eq!(machine.handle_response(start, 404), Reaction::Absorb);
        assert_eq!(timers_of!(machine, start), [(5000, Expiry::Nothing)]);
        assert!(machine.is_terminated());
    }

    #[test]
    fn over_a_stream_there_is_no_timer_e_and_no_timer_k() {
        let (mut machine, start) = trying(RELIABLE);
        assert_eq!(machine.deadline(), Some(start + ms(32000)));
        assert_eq!(machine.handle_response(start, 200), Reaction::Deliver);
        assert!(machine.is_terminated());

        let (mut machine, start) = trying(RELIABLE);
        assert_eq!(timers_of!(machine, start), [(32000, Expiry::TimedOut)]);
    }
}

mod server_invite {
    use super::*;

    fn proceeding(reliable: bool) -> (ServerInvite, Instant) {
        let start = Instant::now();
        (ServerInvite::new(start, Timers::default(), reliable), start)
    }

    #[test]
    fn sends_100_after_200_ms_only_if_nothing_was_sent() {
        let (mut machine, start) = proceeding(UNRELIABLE);
        assert_eq!(timers_of!(machine, start), [(200, Expiry::Trying)]);

        let (mut machine, start) = proceeding(UNRELIABLE);
        assert!(machine.handle_send(start, 180));
        assert_eq!(machine.deadline(), None);
        assert!(machine.is_proceeding());
    }

    #[test]
    fn a_repeated_invite_gets_the_last_response_again() {
        let (mut machine, start) = proceeding(UNRELIABLE);
        assert_eq!(machine.handle_invite(), ServerReaction::Retransmit);
        machine.handle_send(start, 486);
        assert_eq!(machine.handle_invite(), ServerReaction::Retransmit);
    }

    #[test]
    fn a_failure_is_repeated_by_timer_g_until_timer_h() {
        let (mut machine, start) = proceeding(UNRELIABLE);
        assert!(machine.handle_send(start, 486));
        let log = timers_of!(machine, start);
        let resent: Vec<u128> = log
            .iter()
            .filter(|(_, e)| *e == Expiry::Retransmit)
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(
            resent,
            [
                500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500
            ]
        );
        assert_eq!(*log.last().unwrap(), (32000, Expiry::TimedOut));
        assert!(machine.is_terminated());
    }

    #[test]
    fn a_failure_over_a_stream_is_sent_once_but_timer_h_runs() {
        let (mut machine, start) = proceeding(RELIABLE);
        machine.handle_send(start, 486);
        assert_eq!(timers_of!(machine, start), [(32000, Expiry::TimedOut)]);
    }

    #[test]
    fn the_ack_confirms_and_timer_i_absorbs_further_acks_and_invites() {
        let (mut machine, start) = proceeding(UNRELIABLE);
        machine.handle_send(start, 603);
        assert_eq!(machine.handle_ack(start), ServerReaction::Absorb);
        assert_eq!(machine.handle_ack(start), ServerReaction::Absorb);
        assert_eq!(machine.handle_invite(), ServerReaction::Absorb);
        assert_eq!(timers_of!(machine, start), [(5000, Expiry::Nothing)]);
        assert!(machine.is_terminated());

        let (mut machine, start) = proceeding(RELIABLE);
        machine.handle_send(start, 603);
        machine.handle_ack(start);
        assert!(machine.is_terminated());
    }

    #[test]
    fn after_a_2xx_invites_are_absorbed_and_the_ack_goes_up_until_timer_l() {
        for reliable in [UNRELIABLE, RELIABLE] {
            let (mut machine, start) = proceeding(reliable);
            assert!(machine.handle_send(start, 200));
            assert_eq!(machine.handle_invite(), ServerReaction::Absorb);
            assert_eq!(machine.handle_ack(start), ServerReaction::Deliver);
            assert!(machine.handle_send(start, 200), "the 2xx may be repeated");
            assert!(!machine.handle_send(start, 486));
            assert!(!machine.handle_send(start, 180));
            assert_eq!(timers_of!(machine, start), [(32000, Expiry::Nothing)]);
            assert!(machine.is_terminated());
        }
    }

    #[test]
    fn no_second_final_response_leaves_a_completed_transaction() {
        let (mut machine, start) = proceeding(UNRELIABLE);
        assert!(machine.handle_send(start, 487));
        for status in [100, 180, 200, 486] {
            assert!(!machine.handle_send(start, status), "{status} after 487");
        }
        assert_eq!(machine.handle_ack(start), ServerReaction::Absorb);
        assert!(!machine.handle_send(start, 200));
    }

    #[test]
    fn an_ack_before_any_final_response_is_dropped() {
        let (mut machine, start) = proceeding(UNRELIABLE);
        assert_eq!(machine.handle_ack(start), ServerReaction::Absorb);
        assert!(machine.is_proceeding());
    }
}

mod server {
    use super::*;

    #[test]
    fn trying_absorbs_repeated_requests() {
        let machine = Server::new(Instant::now(), Timers::default(), UNRELIABLE);
        assert_eq!(machine.handle_request(), ServerReaction::Absorb);
    }

    #[test]
    fn what_nobody_answers_ends_when_its_sender_has_given_up() {
        for (reliable, provisional) in [
            (UNRELIABLE, false),
            (UNRELIABLE, true),
            (RELIABLE, false),
            (RELIABLE, true),
        ] {
            let start = Instant::now();
            let mut machine = Server::new(start, Timers::default(), reliable);
            if provisional {
                assert!(machine.handle_send(start + Duration::from_secs(20), 100));
            }
            assert_eq!(timers_of!(machine, start), [(32000, Expiry::Nothing)]);
            assert!(machine.is_terminated());
            assert!(!machine.handle_send(start, 200), "too late");
        }
    }

    #[test]
    fn proceeding_and_completed_answer_repeated_requests() {
        let start = Instant::now();
        let mut machine = Server::new(start, Timers::default(), UNRELIABLE);
        assert!(machine.handle_send(start, 100));
        assert_eq!(machine.handle_request(), ServerReaction::Retransmit);
        assert!(machine.handle_send(start, 200));
        assert_eq!(machine.handle_request(), ServerReaction::Retransmit);
        assert!(!machine.handle_send(start, 500), "one final response only");
    }

    #[test]
    fn timer_j_ends_it_after_64_t1_or_at_once_over_a_stream() {
        let start = Instant::now();
        let mut machine = Server::new(start, Timers::default(), UNRELIABLE);
        machine.handle_send(start, 200);
        assert_eq!(timers_of!(machine, start), [(32000, Expiry::Nothing)]);
        assert!(machine.is_terminated());
        assert_eq!(machine.handle_request(), ServerReaction::Absorb);

        let mut machine = Server::new(start, Timers::default(), RELIABLE);
        machine.handle_send(start, 404);
        assert!(machine.is_terminated());
    }
}
