//! linphonec: Linphone on a console, steered by its standard input, with files for a sound card.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Kamailio, Program, Transport, Wav, eventually, free_port, password, signal};

/// Octets in front of a sound file's samples.
const HEADER: usize = 44;

pub struct Linphone {
    program: Program,
    folder: TempDir,
}

impl Linphone {
    /// Starts it as this user of the office and waits until it is registered. `encryption` is
    /// named as its settings do: `none`, `srtp`, `dtls`; calls without it are neither made nor
    /// taken. It answers by itself and says nothing but a tone of `hz`.
    pub fn start(user: &str, kamailio: &Kamailio, encryption: &str, hz: u32) -> Linphone {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        // Its data base of calls is made nowhere else.
        fs::create_dir_all(path.join(".local/share/linphone")).unwrap();
        let settings = settings(user, &kamailio.address(), encryption);
        fs::write(path.join("linphonerc"), settings).unwrap();
        let tone = signal::tone(f64::from(hz), 8_000, 60.0);
        Wav::write(&path.join("speech.wav"), 8_000, 1, &tone);
        let home = format!("HOME={}", path.display());
        let arguments = [&home, "linphonec", "-a", "-c", "linphonerc"];
        let mut program = Program::start_steered("env", &arguments, path);
        kamailio.wait_registered(user, Transport::Udp);
        for command in ["soundcard use files", "play speech.wav", "record heard.wav"] {
            program.say(command);
        }
        program.wait_line(&program.output, "linphonec> record heard.wav");
        Linphone { program, folder }
    }

    /// A command of its console.
    pub fn say(&mut self, command: &str) {
        self.program.say(command);
    }

    /// Waits until its console has shown this.
    pub fn wait_said(&self, text: &str) {
        self.wait_said_since(0, text);
    }

    /// The same of what follows the first `from` lines.
    pub fn wait_said_since(&self, from: usize, text: &str) {
        self.program
            .wait_line_since(from, &self.program.output, text);
    }

    /// What it has logged as an error of this kind.
    pub fn complaints(&self, kind: &str) -> Vec<String> {
        let logged = self.program.errors.all().into_iter();
        logged.filter(|line| line.contains(kind)).collect()
    }

    /// How many lines its console has shown.
    pub fn lines(&self) -> usize {
        self.program.output.len()
    }

    pub fn dial(&mut self, target: &str) {
        self.say(&format!("call {target}"));
    }

    pub fn hang_up(&mut self) {
        self.say("terminate");
    }

    /// Waits until it has decoded this much of the other side.
    pub fn wait_heard(&self, seconds: f64) {
        eventually(&format!("{seconds} s of audio at linphonec"), || {
            // It writes the header when the call is over: 16 bits at the rate of PCMU.
            let written = fs::metadata(self.file()).ok()?.len() as f64;
            (written >= seconds * 16_000.0).then_some(())
        });
    }

    /// What it has decoded of the other side, once its call has ended.
    pub fn heard(&self) -> Wav {
        let mut file = fs::read(self.file()).unwrap();
        // Its length of the samples counts the header, too.
        let samples = (file.len() - HEADER) as u32;
        file[HEADER - 4..HEADER].copy_from_slice(&samples.to_le_bytes());
        let mended = self.folder.path().join("mended.wav");
        fs::write(&mended, file).unwrap();
        Wav::read(&mended)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("heard.wav")
    }
}

fn settings(user: &str, registrar: &str, encryption: &str) -> String {
    let (host, _) = registrar.rsplit_once(':').unwrap();
    format!(
        "[sip]\n\
         sip_port={port}\n\
         sip_tcp_port={port}\n\
         sip_tls_port=0\n\
         bind_address={host}\n\
         guess_hostname=0\n\
         use_ipv6=0\n\
         default_proxy=0\n\
         media_encryption={encryption}\n\
         media_encryption_mandatory={mandatory}\n\
         [rtp]\n\
         audio_rtp_port={rtp}\n\
         [sound]\n\
         local_ring=\n\
         remote_ring=\n\
         echocancellation=0\n\
         [auth_info_0]\n\
         username={user}\n\
         passwd={password}\n\
         realm={host}\n\
         domain={host}\n\
         [proxy_0]\n\
         reg_proxy=<sip:{registrar};transport=udp>\n\
         reg_identity=sip:{user}@{registrar}\n\
         reg_expires=60\n\
         reg_sendregister=1\n\
         publish=0\n",
        port = free_port(),
        rtp = free_port(),
        mandatory = u8::from(encryption != "none"),
        password = password(user),
    )
}
