//! A conversation that is over is listened to, and nobody has to ask for it.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Phone, SETTINGS, ctl, profile, run};

/// Packets of 20 ms in which people talk: six seconds.
const PACKETS: u16 = 300;
/// Of these, at the end, those in which the client speaks.
const OF_CLIENT: u16 = 150;
/// What no test waits longer for.
const DEADLINE: Duration = Duration::from_secs(30);

/// A client with a telephone that knows PCMA.
struct Client {
    signalling: UdpSocket,
    sound: UdpSocket,
    phone: SocketAddr,
}

impl Client {
    fn new(phone: &Phone) -> Self {
        let bind = || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(DEADLINE)).unwrap();
            socket
        };
        Self {
            signalling: bind(),
            sound: bind(),
            phone: phone.ready["udp"][0].as_str().unwrap().parse().unwrap(),
        }
    }

    fn invite(&self) {
        let port = self.sound.local_addr().unwrap().port();
        let body = format!(
            "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 8\r\n"
        );
        let to = format!("<sip:101@{}>", self.phone);
        self.send("INVITE", 1, &to, "Content-Type: application/sdp\r\n", &body);
    }

    /// The 200 to the INVITE, acknowledged: the called party with its tag, and where its sound is heard.
    fn talk(&self) -> (String, SocketAddr) {
        let mut buffer = [0; 4096];
        let answer = loop {
            let length = self.signalling.recv(&mut buffer).unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with("SIP/2.0 200") {
                break text;
            }
        };
        let after = |start: &str| {
            let line = answer.lines().find_map(|line| line.strip_prefix(start));
            line.unwrap().to_owned()
        };
        let to = after("To: ");
        self.send("ACK", 1, &to, "", "");
        let media = after("m=audio ");
        let port = media.split(' ').next().unwrap().parse().unwrap();
        (to, SocketAddr::new(self.phone.ip(), port))
    }

    /// One packet for each that comes from the phone, so that time passes as it does there.
    fn speak(&self, there: SocketAddr) {
        let mut buffer = [0; 2048];
        for number in 0..PACKETS {
            self.sound.recv(&mut buffer).unwrap();
            let speaks = number >= PACKETS - OF_CLIENT;
            self.sound.send_to(&packet(number, speaks), there).unwrap();
        }
    }

    fn send(&self, method: &str, number: u32, to: &str, headers: &str, body: &str) {
        let (phone, here) = (self.phone, self.signalling.local_addr().unwrap());
        let message = format!(
            "{method} sip:101@{phone} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {here};branch=z9hG4bK{method}\r\nMax-Forwards: 70\r\n\
             From: <sip:+77011112233@127.0.0.1>;tag=client\r\nTo: {to}\r\n\
             Contact: <sip:client@{here}>\r\nCall-ID: talk\r\nCSeq: {number} {method}\r\n\
             {headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.signalling.send_to(message.as_bytes(), phone).unwrap();
    }
}

/// RTP with 20 ms of PCMA: a tone of 1 kHz, or nothing.
fn packet(number: u16, speaks: bool) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(number.to_be_bytes());
    packet.extend((u32::from(number) * 160).to_be_bytes());
    packet.extend(*b"talk");
    packet.extend((0..160).map(|sample| match (speaks, sample % 8 < 4) {
        (false, _) => 0xd5,
        (true, true) => 0xa5,
        (true, false) => 0x25,
    }));
    packet
}

/// Twenty seconds of a tone of 500 Hz, for the agent to say.
fn voice(file: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, spec).unwrap();
    for sample in 0..160_000 {
        let high = sample % 16 < 8;
        wav.write_sample(if high { 8_000_i16 } else { -8_000 })
            .unwrap();
    }
    wav.finalize().unwrap();
}

/// A recorded conversation of six seconds, from its beginning to its end; the call's id.
pub fn converse(phone: &mut Phone, profile: &Path) -> Value {
    let client = Client::new(phone);
    client.invite();
    let call = phone.wait("call")["call"].clone();
    ctl(profile, &["answer", call.as_str().unwrap()]).unwrap();
    let (to, there) = client.talk();
    client.speak(there);
    client.send("BYE", 2, &to, "", "");
    call
}

fn is_near(value: &Value, truth: f64) -> bool {
    (value.as_f64().unwrap() - truth).abs() < 0.15
}

#[test]
fn s1_29_a_recorded_call_that_ends_has_an_analysis_within_a_minute_and_nobody_asks() {
    let dir = profile("");
    let file = dir.path().join("agent.wav");
    voice(&file);
    let settings = SETTINGS.replace("silence", &format!("file:{}", file.display()));
    fs::write(dir.path().join("settings.toml"), settings).unwrap();
    let mut phone = Phone::start(dir.path());
    let call = converse(&mut phone, dir.path());
    let over = Instant::now();
    let told = phone.wait("analysis");
    assert!(over.elapsed() < Duration::from_secs(60));
    assert_eq!(told["call"], call);
    assert!(is_near(&told["agent_share"], 1.0), "{told}");
    assert!(is_near(&told["client_share"], 0.5), "{told}");
    assert!(is_near(&told["overlap_share"], 0.5), "{told}");
    assert!(is_near(&told["silence_share"], 0.0), "{told}");
    assert_eq!(told["flags"], serde_json::json!(["much_overlap"]), "{told}");

    let listed = run(dir.path(), &["recording", "list", "--format", "json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["recording"], told["recording"]);
    assert_eq!(listed[0]["analysis"]["flags"], told["flags"]);
    let shown = run(dir.path(), &["recording", "analysis"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("much talk at once"), "{shown}");
}
