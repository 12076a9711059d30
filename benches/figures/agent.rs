//! The user agents that are measured, as the measurements see them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use tempfile::TempDir;

use super::process;
use super::support::{
    Input, Kamailio, Phone, Program, Setup, Transport, Wav, free_port, password, signal,
};

/// Longer than any call here.
const SPEECH_S: f64 = 30.0;
/// Of a Ringbook that keeps nothing of its calls, and takes as many as come.
const CALLS_ALONE: &str =
    "max_calls = 1000\n[modules]\ncall_log = false\ncaller_card = false\n[log]\nladders = 0";
/// Two for each of them, away from those that the system gives to whoever asks for any.
const PORTS_FOR_ALL: &str = "rtp_ports = \"10000-19999\"";
/// The microphone's sound as it is.
const UNPROCESSED: &str = "echo_cancellation = false\nnoise_suppression = \"off\"\n\
     gain_control = false\nhigh_pass = false";
/// The agent under test alone runs here.
const CORE: &str = "0";

pub struct Agent {
    pub name: &'static str,
    /// It keeps a call log, a ladder of each call, and knows its callers.
    pub logs: bool,
    start: fn(&Part) -> Running,
}

pub const RINGBOOK: Agent = Agent {
    name: "ringbook",
    logs: true,
    start: start_ringbook,
};
pub const BARESIP: Agent = Agent {
    name: "baresip",
    logs: false,
    start: start_baresip,
};

/// What an agent does in a measurement.
pub struct Part<'a> {
    /// Where user 101 registers; nowhere without.
    pub registrar: Option<&'a Kamailio>,
    /// As SDP and the table name it: `PCMU`, `G722`, `opus`.
    pub codec: &'a str,
    pub sound: Sound,
    pub records: bool,
    /// With its log, its ladders and the caller's card, where it has them.
    pub logs: bool,
    pub answers_itself: bool,
}

/// What an agent's calls say and where they are heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// A tone is said, and nobody hears.
    Tone,
    /// Each call hears itself back.
    Loop,
    /// The sound server's microphone and loudspeaker; with echo, noise and level seen to, where an agent can.
    Devices { processed: bool },
}

impl Default for Part<'_> {
    fn default() -> Self {
        Part {
            registrar: None,
            codec: "PCMU",
            sound: Sound::Tone,
            records: false,
            logs: true,
            answers_itself: true,
        }
    }
}

pub struct Running {
    pub pid: u32,
    /// Where it takes SIP.
    pub address: SocketAddr,
    /// Held until the measurement is over.
    _alive: Box<dyn std::any::Any>,
}

impl Agent {
    pub fn start(&self, part: &Part) -> Running {
        process::on_core(CORE, || (self.start)(part))
    }
}

/// A Ringbook on the measured agent's core.
pub fn start_phone(setup: &Setup) -> Phone {
    process::on_core(CORE, || Phone::start(setup))
}

fn start_ringbook(part: &Part) -> Running {
    let domain = part
        .registrar
        .map_or("127.0.0.1".to_owned(), Kamailio::address);
    let codec = match part.codec {
        "PCMU" => "pcmu",
        "G722" => "g722",
        _ => "opus",
    };
    let phone = Phone::start(&Setup {
        register: part.registrar.map(|_| Transport::Udp),
        codec,
        input: match part.sound {
            Sound::Tone => Input::Tone(440.0),
            Sound::Loop => Input::Loop,
            Sound::Devices { .. } => Input::Microphone,
        },
        plays: matches!(part.sound, Sound::Devices { .. }),
        audio: match part.sound {
            Sound::Devices { processed: false } => UNPROCESSED,
            _ => "",
        },
        // A file to be written costs; the other agents' sound goes nowhere either.
        hears: false,
        records: part.records,
        answers_itself: part.answers_itself,
        media: if part.logs { "" } else { PORTS_FOR_ALL },
        more: if part.logs { "" } else { CALLS_ALONE },
        ..Setup::unregistered(&domain)
    });
    Running {
        pid: phone.pid(),
        address: loopback(phone.port()),
        _alive: Box::new(phone),
    }
}

fn start_baresip(part: &Part) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    write_baresip_settings(part, port, &folder);
    let path = folder.path().display().to_string();
    let program = Program::start("/usr/bin/baresip", &["-f", &path], folder.path());
    program.wait_line(&program.output, "baresip is ready");
    Running {
        pid: program.pid(),
        address: loopback(port),
        _alive: Box::new((program, folder)),
    }
}

fn write_baresip_settings(part: &Part, port: u16, folder: &TempDir) {
    let (codec, rate, channels) = match part.codec {
        "PCMU" => ("PCMU/8000/1", 8000, 1),
        "G722" => ("G722/16000/1", 16_000, 1),
        _ => ("opus/48000/2", 48_000, 2),
    };
    let (source, player) = match part.sound {
        Sound::Loop => ("aubridge,loop".to_owned(), "aubridge,loop"),
        // ALSA's own way to the sound server.
        Sound::Devices { .. } => ("alsa,pulse".to_owned(), "alsa,pulse"),
        Sound::Tone => {
            // A file at the codec's own rate, which spares it the resampler.
            let file = folder.path().join("speech.wav");
            let tone = signal::tone(440.0, rate * channels, SPEECH_S);
            Wav::write(&file, rate, channels, &tone);
            (format!("aufile,{}", file.display()), "aubridge,sink")
        }
    };
    let recorder = if part.records {
        "module sndfile.so\n"
    } else {
        ""
    };
    let settings = format!(
        "sip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\nrtp_ports 10000-19999\n\
         call_max_calls 0\n\
         module_path /usr/lib/baresip/modules\nmodule_tmp uuid.so\nmodule_tmp account.so\n\
         module g711.so\nmodule g722.so\nmodule opus.so\nmodule aufile.so\nmodule aubridge.so\nmodule alsa.so\n{recorder}module_app menu.so\n\
         audio_source {source}\naudio_player {player}\n\
         snd_path {}\n",
        folder.path().display()
    );
    let domain = part
        .registrar
        .map_or("127.0.0.1".to_owned(), Kamailio::address);
    let account = format!(
        "<sip:101@{domain};transport=udp>;auth_user=101;auth_pass={};regint={};\
         audio_codecs={codec};answermode={}\n",
        password("101"),
        if part.registrar.is_some() { 60 } else { 0 },
        if part.answers_itself {
            "auto"
        } else {
            "manual"
        },
    );
    fs::write(folder.path().join("config"), settings).unwrap();
    fs::write(folder.path().join("accounts"), account).unwrap();
    fs::write(folder.path().join("contacts"), "").unwrap();
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
