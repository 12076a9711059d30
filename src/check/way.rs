//! The steps of a line's check, read from what its registration really did: the names it asked for,
//! the connections it made, the requests and their answers.

use super::Outcome::{Passed, Skipped};
use super::{Outcome, failed};
use crate::automation::{Registration, RegistrationState};
use crate::flight::way::{Step, Way};
use crate::tr;

/// Each step with its title, in order. Behind one that failed nothing could be tried.
pub(super) fn steps(host: &str, way: &Way, told: Option<&Registration>) -> Vec<(String, Outcome)> {
    let mut steps = vec![(tr!("Server's name"), name(host, way))];
    let rules: [(String, Rule); 4] = [
        (tr!("Connection"), |way, _| connection(way)),
        (tr!("Server"), |way, _| server(way)),
        (tr!("Registration"), |_, told| Some(verdict(told))),
        (tr!("Address"), |way, _| Some(address(way))),
    ];
    for (title, rule) in rules {
        if matches!(steps.last(), Some((_, Outcome::Failed { .. }))) {
            break;
        }
        steps.extend(rule(way, told).map(|outcome| (title, outcome)));
    }
    steps
}

type Rule = fn(&Way, Option<&Registration>) -> Option<Outcome>;

/// NAPTR, SRV, addresses: what was asked, and where it led.
fn name(host: &str, way: &Way) -> Outcome {
    let answered = |step: &Step| match step {
        Step::Answered { question, found } if !found.is_empty() => {
            Some(format!("{question} → {}", found.join(", ")))
        }
        _ => None,
    };
    let answers: Vec<String> = way.steps.iter().filter_map(answered).collect();
    let answers = answers.join("; ");
    match (way.targets().is_empty(), answers.is_empty()) {
        (true, true) => failed(
            tr!("{host} cannot be found", host = host),
            tr!(
                "Check the spelling of the line's address and server, and the network's name server."
            ),
        ),
        (true, false) => failed(
            tr!(
                "{host} leads nowhere this phone can go: {answers}",
                host = host,
                answers = answers
            ),
            tr!(
                "Check the transport of the line's server, and whether this computer's network has that kind of address (IPv4, IPv6)."
            ),
        ),
        (false, true) => Passed(tr!("{host} needs no look-up", host = host)),
        (false, false) => Passed(answers),
    }
}

/// A connection, where the line's transport makes one; for TLS with the server's certificate.
fn connection(way: &Way) -> Option<Outcome> {
    let mut tried = None;
    let mut refused = None;
    for step in &way.steps {
        match step {
            Step::Connecting { transport, remote } => tried = Some((*transport, *remote)),
            Step::Refused { why } => refused = why.as_ref(),
            Step::Connected { remote } => {
                let (transport, _) = tried?;
                return Some(Passed(match transport {
                    "TLS" => tr!(
                        "{remote} takes TLS connections and has a certificate this computer trusts",
                        remote = remote
                    ),
                    _ => tr!(
                        "{remote} takes {transport} connections",
                        remote = remote,
                        transport = transport
                    ),
                }));
            }
            Step::Answered { .. } => {}
        }
    }
    let (transport, remote) = tried?;
    let what = match refused {
        Some(why) => why.clone(),
        None => tr!(
            "{remote} takes no {transport} connection",
            remote = remote,
            transport = transport
        ),
    };
    let remedy = tr!("Check the port, the transport and the firewall.");
    Some(failed(what, remedy))
}

/// Whether anything came back.
fn server(way: &Way) -> Option<Outcome> {
    let sent = way.messages.iter().filter(|message| message.sent);
    let first = sent.clone().next()?;
    let (remote, transport) = (first.remote, &first.transport);
    Some(match way.answer() {
        Some(answer) => Passed(tr!(
            "{remote} answers over {transport}",
            remote = answer.remote,
            transport = answer.transport
        )),
        None => failed(
            tr!(
                "{remote} does not answer over {transport} (requests sent: {n})",
                remote = remote,
                transport = transport,
                n = sent.count()
            ),
            tr!("Check the server's name, the port and the firewall, or try another transport."),
        ),
    })
}

/// What the registrar's answer means.
fn verdict(told: Option<&Registration>) -> Outcome {
    let Some((told, status)) = told.and_then(|told| Some((told, told.status?))) else {
        return Skipped(tr!("not possible without an answer of the server"));
    };
    let said = format!("{status} {}", told.reason);
    match (told.state, status) {
        (RegistrationState::Registered, _) => Passed(tr!(
            "accepted for {s} s",
            s = told.expires_s.unwrap_or_default()
        )),
        (_, 401 | 403 | 407) => failed(
            tr!("the server refuses name and password ({said})", said = said),
            tr!("Check username and password, or ask the provider for them."),
        ),
        (_, 404 | 604) => failed(
            tr!("the server does not know this line ({said})", said = said),
            tr!("Check the line's address."),
        ),
        _ => failed(
            tr!("the server says no ({said})", said = said),
            tr!("Ask the provider what this answer means; try again later."),
        ),
    }
}

/// Whether there is a NAT between us and the server.
fn address(way: &Way) -> Outcome {
    match way.seen_as() {
        None => Skipped(tr!("the server does not say where it sees this phone")),
        Some((seen, here)) if seen == here => Passed(tr!(
            "the server sees this phone as it is: {here}",
            here = here
        )),
        Some((seen, here)) => Passed(tr!(
            "the server sees this phone as {seen}, here it is {here}: a router translates addresses, and the way is kept open",
            seen = seen,
            here = here
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::flight::Message;

    fn message(sent: bool, text: &str) -> Message {
        Message {
            at_ms: 0,
            sent,
            transport: "UDP".into(),
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.2:5060".parse().unwrap(),
            octets: 0,
            text: text.into(),
        }
    }

    fn answer(status: &str, via: &str) -> Message {
        let text = format!(
            "SIP/2.0 {status}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;{via}\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n\r\n"
        );
        message(false, &text)
    }

    fn request() -> Message {
        message(true, "REGISTER sip:b SIP/2.0\r\nCSeq: 1 REGISTER\r\n\r\n")
    }

    fn way(steps: Vec<Step>, messages: Vec<Message>) -> Way {
        Way {
            steps: steps.into(),
            messages,
        }
    }

    fn told(state: RegistrationState, status: Option<u16>) -> Registration {
        Registration {
            account: "sip:a@b".into(),
            state,
            status,
            reason: "Reason".into(),
            expires_s: Some(300),
        }
    }

    fn found(question: &str, found: &[&str]) -> Step {
        Step::Answered {
            question: question.into(),
            found: found.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    /// The titles, and the last outcome.
    fn checked(way: &Way, told: Option<&Registration>) -> (Vec<String>, Outcome) {
        let steps = steps("office.example", way, told);
        let last = steps.last().unwrap().1.clone();
        (steps.into_iter().map(|(title, _)| title).collect(), last)
    }

    fn what(outcome: &Outcome) -> &str {
        match outcome {
            Outcome::Failed { what, .. } => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_that_nobody_knows_ends_the_check() {
        let nothing = way(vec![found("NAPTR office.example", &[])], Vec::new());
        let (titles, last) = checked(&nothing, None);
        assert_eq!(titles, ["Server's name"]);
        assert_eq!(what(&last), "office.example cannot be found");
        let elsewhere = way(vec![found("office.example", &["2001:db8::1"])], Vec::new());
        assert!(what(&checked(&elsewhere, None).1).contains("leads nowhere this phone can go"));
    }

    #[test]
    fn a_connection_that_is_refused_says_why() {
        let remote = "192.0.2.2:5061".parse().unwrap();
        let trying = Step::Connecting {
            transport: "TLS",
            remote,
        };
        let why = "The certificate of office.example expired on 2026-01-01".to_owned();
        let refused = way(
            vec![
                trying.clone(),
                Step::Refused {
                    why: Some(why.clone()),
                },
            ],
            Vec::new(),
        );
        let (titles, last) = checked(&refused, None);
        assert_eq!(titles, ["Server's name", "Connection"]);
        assert_eq!(what(&last), why);
        let silent = way(vec![trying], Vec::new());
        assert_eq!(
            what(&checked(&silent, None).1),
            "192.0.2.2:5061 takes no TLS connection"
        );
    }

    #[test]
    fn a_second_target_that_works_is_no_failure() {
        let (one, two) = (
            "192.0.2.2:5061".parse().unwrap(),
            "192.0.2.3:5061".parse().unwrap(),
        );
        let steps = vec![
            Step::Connecting {
                transport: "TLS",
                remote: one,
            },
            Step::Refused {
                why: Some("no".into()),
            },
            Step::Connecting {
                transport: "TLS",
                remote: two,
            },
            Step::Connected { remote: two },
        ];
        let outcome = connection(&way(steps, Vec::new())).unwrap();
        assert!(matches!(outcome, Passed(text) if text.starts_with("192.0.2.3:5061 takes TLS")));
    }

    #[test]
    fn a_server_that_does_not_answer_ends_the_check() {
        let silent = way(Vec::new(), vec![request(), request(), request()]);
        let (titles, last) = checked(&silent, None);
        assert_eq!(titles, ["Server's name", "Server"]);
        assert_eq!(
            what(&last),
            "192.0.2.2:5060 does not answer over UDP (requests sent: 3)"
        );
    }

    #[test]
    fn a_refused_registration_says_what_to_do() {
        for (status, expected) in [
            (403, "the server refuses name and password (403 Reason)"),
            (404, "the server does not know this line (404 Reason)"),
            (500, "the server says no (500 Reason)"),
        ] {
            let refused = way(
                Vec::new(),
                vec![request(), answer(&format!("{status} No"), "x")],
            );
            let told = told(RegistrationState::Failed, Some(status));
            let (titles, last) = checked(&refused, Some(&told));
            assert_eq!(titles, ["Server's name", "Server", "Registration"]);
            assert_eq!(what(&last), expected);
        }
    }

    #[test]
    fn a_nat_is_told_and_no_nat_too() {
        let registered = told(RegistrationState::Registered, Some(200));
        let address = |via: &str| {
            let way = way(Vec::new(), vec![request(), answer("200 OK", via)]);
            match checked(&way, Some(&registered)).1 {
                Passed(text) | Skipped(text) => text,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            address("rport=5060"),
            "the server sees this phone as it is: 192.0.2.1:5060"
        );
        let behind = address("received=198.51.100.7;rport=31234");
        assert!(
            behind.contains("198.51.100.7:31234, here it is 192.0.2.1:5060"),
            "{behind}"
        );
        assert_eq!(
            address("x"),
            "the server does not say where it sees this phone"
        );
    }
}
