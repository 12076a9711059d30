//! A name server on loopback that knows what a test tells it, and notes what it is asked.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, NAPTR, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::Journal;

type Zone = HashMap<(Name, RecordType), Vec<Record>>;

pub struct NameServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    asked: Arc<Journal<String>>,
}

impl NameServer {
    pub fn start() -> NameServer {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(Zone::new()));
        let asked = Arc::new(Journal::new());
        let (known, journal) = (zone.clone(), asked.clone());
        thread::spawn(move || serve(&socket, &known, &journal));
        NameServer {
            address,
            zone,
            asked,
        }
    }

    /// The settings that make a phone ask it, to be put behind `[sip]`.
    pub fn setting(&self) -> String {
        format!("dns = \"{}\"", self.address)
    }

    /// Everything that was asked so far, as `SRV _sip._udp.office.example`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.all()
    }

    /// A host's address.
    pub fn host(&self, host: &str, ip: &str) {
        match ip.parse().unwrap() {
            IpAddr::V4(ip) => self.add(host, RecordType::A, RData::A(A(ip))),
            IpAddr::V6(ip) => self.add(host, RecordType::AAAA, RData::AAAA(AAAA(ip))),
        }
    }

    pub fn alias(&self, from: &str, to: &str) {
        let data = RData::CNAME(CNAME(name(to)));
        for kind in [RecordType::A, RecordType::AAAA, RecordType::SRV] {
            self.add(from, kind, data.clone());
        }
    }

    pub fn service(&self, service: &str, (priority, weight): (u16, u16), port: u16, host: &str) {
        let data = RData::SRV(SRV::new(priority, weight, port, name(host)));
        self.add(service, RecordType::SRV, data);
    }

    pub fn preference(&self, domain: &str, order: u16, kind: &str, service: &str) {
        let bytes = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
        let data = NAPTR::new(order, 0, bytes("s"), bytes(kind), bytes(""), name(service));
        self.add(domain, RecordType::NAPTR, RData::NAPTR(data));
    }

    fn add(&self, owner: &str, kind: RecordType, data: RData) {
        let mut zone = self.zone.lock().unwrap();
        // As long as TTLs go: no phone may believe it for that long.
        let record = Record::from_rdata(name(owner), i32::MAX as u32, data);
        zone.entry((name(owner), kind)).or_default().push(record);
    }
}

fn name(text: &str) -> Name {
    let mut name = Name::from_labels(text.split('.').map(str::as_bytes)).unwrap();
    name.set_fqdn(true);
    name
}

fn serve(socket: &UdpSocket, zone: &Mutex<Zone>, asked: &Journal<String>) {
    let mut buffer = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let Ok(question) = Message::from_vec(&buffer[..length]) else {
            continue;
        };
        let Some(query) = question.queries.first().cloned() else {
            continue;
        };
        let text = query.name().to_ascii();
        asked.push(format!(
            "{} {}",
            query.query_type(),
            text.trim_end_matches('.')
        ));
        let mut answer = question.clone();
        answer.metadata.message_type = MessageType::Response;
        answer.metadata.recursion_available = true;
        let key = (query.name().clone(), query.query_type());
        match zone.lock().unwrap().get(&key) {
            Some(records) => answer.answers.clone_from(records),
            None => answer.metadata.response_code = ResponseCode::NXDomain,
        }
        let _ = socket.send_to(&answer.to_vec().unwrap(), from);
    }
}
