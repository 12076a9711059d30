//! Where to look for the addresses of a call's sound: names become addresses here, the rest is the media thread's.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use ringbook_media::engine::{MediaCommand, StreamId};
use ringbook_media::ice::{GATHERING, IceConfig, TurnServer};

use super::dns::Dns;
use super::message::Message;
use super::{Driver, addresses, resolve, udp};
use crate::phone::effect::Gathering;
use crate::settings::Server;

impl Driver {
    /// Has the media thread look. A name that is not found at once keeps no call waiting longer than everything
    /// together may take.
    pub(super) fn gather(&mut self, stream: StreamId, gathering: Gathering) {
        let deadline = Instant::now() + GATHERING;
        let at_once =
            |server: &Option<Server>| server.as_ref().is_none_or(|one| one.host.ip().is_some());
        let turn = gathering.turn.as_ref().map(|turn| turn.server.clone());
        if at_once(&gathering.stun) && at_once(&turn) {
            let known = |server: Option<&Server>| {
                server.and_then(|one| Some(SocketAddr::new(one.host.ip()?, one.port)))
            };
            let servers = [known(gathering.stun.as_ref()), known(turn.as_ref())];
            return self
                .media
                .send(command(stream, gathering, servers, deadline));
        }
        let (dns, inbox) = (self.dns, self.inbox.clone());
        tokio::spawn(async move {
            let is_ipv6 = gathering.is_ipv6;
            let stun = find(gathering.stun.as_ref(), is_ipv6, dns);
            let turn = find(turn.as_ref(), is_ipv6, dns);
            let both = async { tokio::join!(stun, turn) };
            // Whoever answers has to be asked yet.
            let found = tokio::time::timeout(GATHERING / 2, both).await;
            let (stun, turn) = found.unwrap_or_default();
            inbox.put(Message::Gather(command(
                stream,
                gathering,
                [stun, turn],
                deadline,
            )));
        });
    }
}

/// The address of a server, of the family that the call has.
async fn find(server: Option<&Server>, is_ipv6: bool, dns: Dns) -> Option<SocketAddr> {
    let server = server?;
    let found = match server.host.ip() {
        Some(ip) => vec![ip],
        None => resolve::addresses_of(&server.host.to_string(), dns).await,
    };
    let ip = found.into_iter().find(|ip| ip.is_ipv6() == is_ipv6)?;
    Some(SocketAddr::new(ip, server.port))
}

fn command(
    stream: StreamId,
    gathering: Gathering,
    [stun, turn]: [Option<SocketAddr>; 2],
    deadline: Instant,
) -> MediaCommand {
    let host = gathering
        .host
        .or_else(|| {
            [stun, turn]
                .into_iter()
                .flatten()
                .find_map(|server| udp::probe(server.ip()).ok())
        })
        .or_else(|| addresses::outside_of(gathering.is_ipv6));
    let host = host.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    let others = match gathering.is_everywhere {
        true => addresses::others_than(host),
        false => Vec::new(),
    };
    let turn = turn
        .zip(gathering.turn)
        .map(|(address, account)| TurnServer {
            address,
            user: account.user,
            password: account.password.reveal().to_owned(),
        });
    MediaCommand::Gather {
        stream,
        config: Box::new(IceConfig {
            host: SocketAddr::new(host, gathering.port),
            others,
            stun,
            turn,
            deadline,
        }),
    }
}
