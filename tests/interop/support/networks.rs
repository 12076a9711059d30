//! Networks of one computer: an internet, and homes behind routers that translate addresses, each in a namespace of its
//! own. All of it ends with the value that made it.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where a program runs.
#[derive(Clone, Debug, Default)]
pub struct Place(Option<String>);

impl Place {
    /// On this computer as it is.
    pub fn here() -> Place {
        Place(None)
    }

    /// Whether that is this computer's own network.
    pub fn is_here(&self) -> bool {
        self.0.is_none()
    }

    /// What to put before a command so that it runs there.
    pub fn prefix(&self) -> Vec<&str> {
        let namespace = self.0.as_deref();
        namespace.map_or_else(Vec::new, |name| vec!["ip", "netns", "exec", name])
    }

    /// Runs a command there, which must go well.
    pub fn run(&self, command: &str) {
        let words = [self.prefix(), command.split(' ').collect()].concat();
        let output = output(&words);
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn output(words: &[&str]) -> Output {
    Command::new(words[0]).args(&words[1..]).output().unwrap()
}

/// How a router translates (RFC 4787 §4.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Router {
    /// It keeps ports as they are, for everyone who is written to.
    KeepsPorts,
    /// Another port by chance for everyone who is written to.
    Symmetric,
}

/// The address of the servers on the internet.
pub const SERVERS: &str = "198.51.100.10";

/// An internet with two homes; a phone in home `n` has the address `10.0.n.5`, its router `198.51.100.n`.
pub struct Networks {
    /// Where the servers are.
    pub internet: Place,
    /// Where the phones are.
    pub homes: [Place; 2],
    routers: [Place; 2],
}

impl Networks {
    /// Lays the cables. `None`, with a word why, where the computer does not let us.
    pub fn new(router: Router) -> Option<Networks> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("rb{}-{number}", std::process::id());
        let place = |part: &str| Place(Some(format!("{name}-{part}")));
        let networks = Networks {
            internet: place("net"),
            homes: [place("h1"), place("h2")],
            routers: [place("r1"), place("r2")],
        };
        for place in networks.places() {
            let name = place.0.as_deref().unwrap_or_default();
            // A container may let us make one and not enter it.
            for tried in [
                vec!["ip", "netns", "add", name],
                vec!["ip", "netns", "exec", name, "true"],
            ] {
                let tried = output(&tried);
                if !tried.status.success() {
                    let why = String::from_utf8_lossy(&tried.stderr);
                    eprintln!(
                        "skipped: this computer makes no network namespaces ({})",
                        why.trim()
                    );
                    return None;
                }
            }
            place.run("ip link set lo up");
        }
        networks.lay(router);
        Some(networks)
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        let homes = self.homes.iter().chain(&self.routers);
        homes.chain([&self.internet])
    }

    fn lay(&self, router: Router) {
        self.internet.run("ip link add bridge type bridge");
        self.internet.run("ip link set bridge up");
        self.internet
            .run(&format!("ip addr add {SERVERS}/24 dev bridge"));
        // What is sent to a home's own addresses gets lost at a router, as out there.
        self.internet
            .run("ip route add 10.0.0.0/8 via 198.51.100.1");
        for home in 1..=2 {
            self.lay_to(home, router);
        }
    }

    /// The cables of one home: internet – router – phone.
    fn lay_to(&self, home: usize, kind: Router) {
        let (phone, router) = (&self.homes[home - 1], &self.routers[home - 1]);
        let named = |place: &Place| place.0.clone().unwrap_or_default();
        self.internet.run(&format!(
            "ip link add port{home} type veth peer name outside netns {}",
            named(router)
        ));
        self.internet
            .run(&format!("ip link set port{home} master bridge up"));
        router.run(&format!(
            "ip link add inside type veth peer name cable netns {}",
            named(phone)
        ));
        router.run(&format!("ip addr add 198.51.100.{home}/24 dev outside"));
        router.run("ip link set outside up");
        router.run(&format!("ip addr add 10.0.{home}.1/24 dev inside"));
        router.run("ip link set inside up");
        router.run("sysctl -qw net.ipv4.ip_forward=1");
        phone.run(&format!("ip addr add 10.0.{home}.5/24 dev cable"));
        phone.run("ip link set cable up");
        phone.run(&format!("ip route add default via 10.0.{home}.1"));
        let random = match kind {
            Router::KeepsPorts => "",
            Router::Symmetric => " fully-random",
        };
        router.run("nft add table ip home");
        router.run("nft add chain ip home out { type nat hook postrouting priority 100 ; }");
        router.run(&format!(
            "nft add rule ip home out oifname outside masquerade{random}"
        ));
        router.run("nft add chain ip home raw { type filter hook prerouting priority -300 ; }");
        router.run("nft add rule ip home raw iifname outside ip daddr 10.0.0.0/8 drop");
        // What nobody inside has asked for is nobody's: otherwise it would take the port of an answer.
        router.run("nft add chain ip home in { type filter hook input priority 0 ; }");
        router.run("nft add rule ip home in iifname outside ip protocol udp drop");
    }

    /// Lays a cable of their own between the two homes, as between the branches of a company.
    pub fn join_homes(&self) {
        let other = self.homes[1].0.clone().unwrap_or_default();
        let [first, second] = &self.homes;
        first.run(&format!(
            "ip link add direct type veth peer name direct netns {other}"
        ));
        for (home, phone) in [first, second].into_iter().enumerate() {
            phone.run(&format!("ip addr add 172.30.0.{}/24 dev direct", home + 1));
            phone.run("ip link set direct up");
        }
    }

    /// The router of this home forgets whom it has let out.
    pub fn forget(&self, home: usize) {
        self.routers[home - 1].run("conntrack -D -p udp");
    }

    /// The phone of this home gets another address, as after a change of the network.
    pub fn move_phone(&self, home: usize) {
        let phone = &self.homes[home - 1];
        phone.run("ip addr flush dev cable");
        phone.run(&format!("ip addr add 10.0.{home}.77/24 dev cable"));
        phone.run(&format!("ip route add default via 10.0.{home}.1"));
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        for place in self.places() {
            let name = place.0.as_deref().unwrap_or_default();
            let _ = output(&["ip", "netns", "del", name]);
        }
    }
}
