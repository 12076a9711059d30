#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::headset::Press;

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a change may take.
const CHANGE: Duration = Duration::from_secs(1);

/// A telephone: report 2 with hook and mute, lamps off-hook, mute and ring in report 2.
const DESCRIPTOR: &[u8] = &[
    0x05, 0x0b, 0x09, 0x05, 0xa1, 0x01, 0x85, 0x02, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x09, 0x20,
    0x95, 0x01, 0x81, 0x22, 0x09, 0x2f, 0x95, 0x01, 0x81, 0x06, 0x95, 0x06, 0x81, 0x01, 0x05, 0x08,
    0x09, 0x17, 0x09, 0x09, 0x09, 0x18, 0x95, 0x03, 0x91, 0x22, 0x95, 0x05, 0x91, 0x01, 0xc0,
];

/// A computer that headsets are plugged into.
struct Computer {
    folder: tempfile::TempDir,
    /// Ends of what is opened next; none: it may not be opened.
    sockets: Arc<Mutex<Vec<UnixDatagram>>>,
    told: Receiver<Told>,
    lamps: Option<Sender<Lamps>>,
    wake: UnixStream,
    thread: Option<thread::JoinHandle<()>>,
}

impl Computer {
    fn start(before: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["sys", "dev"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        before(folder.path());
        let places = Places {
            known: folder.path().join("sys"),
            devices: folder.path().join("dev"),
        };
        let sockets: Arc<Mutex<Vec<UnixDatagram>>> = Arc::default();
        let ends = sockets.clone();
        let open = move |device: &Path| {
            fs::metadata(device)?;
            let socket = ends.lock().unwrap().pop();
            let socket = socket.ok_or(io::ErrorKind::PermissionDenied)?;
            Ok(File::from(OwnedFd::from(socket)))
        };
        let (tell, told) = channel();
        let (lamps, orders) = channel();
        let (wake, woken) = UnixStream::pair().unwrap();
        woken.set_nonblocking(true).unwrap();
        let tell = move |news| drop(tell.send(news));
        let attendant = Attendant::new(places, Box::new(open), tell).unwrap();
        let thread = thread::spawn(move || attendant.run(&woken, &orders));
        Self {
            folder,
            sockets,
            told,
            lamps: Some(lamps),
            wake,
            thread: Some(thread),
        }
    }

    /// Plugs in a headset that may be opened.
    fn plug(&self) -> UnixDatagram {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        ours.set_read_timeout(Some(DEADLINE)).unwrap();
        self.sockets.lock().unwrap().push(theirs);
        plug(self.folder.path(), DESCRIPTOR);
        ours
    }

    fn unplug(&self) {
        fs::remove_dir_all(self.folder.path().join("sys/hidraw0")).unwrap();
        fs::remove_file(self.folder.path().join("dev/hidraw0")).unwrap();
    }

    fn show(&mut self, lamps: Lamps) {
        self.lamps.as_ref().unwrap().send(lamps).unwrap();
        self.wake.write_all(&[1]).unwrap();
    }

    fn told(&self) -> Told {
        self.told
            .recv_timeout(DEADLINE)
            .expect("something to be told")
    }

    fn news(&self) -> News {
        match self.told() {
            Told::News(news) => news,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Computer {
    fn drop(&mut self) {
        self.lamps = None;
        let _ = self.wake.write_all(&[1]);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn plug(folder: &Path, descriptor: &[u8]) {
    let known = folder.join("sys/hidraw0/device");
    fs::create_dir_all(&known).unwrap();
    fs::write(known.join("report_descriptor"), descriptor).unwrap();
    let about = "DRIVER=jabra\nHID_ID=0003:00000B0E:00000307\nHID_NAME=GN Netcom Jabra LINK\n";
    fs::write(known.join("uevent"), about).unwrap();
    fs::write(folder.join("dev/hidraw0"), "").unwrap();
}

/// What the headset is written next.
fn written(headset: &UnixDatagram) -> Vec<u8> {
    let mut report = [0; 64];
    let length = headset.recv(&mut report).unwrap();
    report[..length].to_vec()
}

#[test]
fn a_headset_that_is_plugged_in_rings_answers_mutes_and_hangs_up() {
    let mut computer = Computer::start(|_| {});
    let begin = Instant::now();
    let headset = computer.plug();
    assert_eq!(computer.news(), News::Plugged(true));
    assert!(begin.elapsed() < CHANGE);
    assert_eq!(
        written(&headset),
        [2, 0],
        "whatever another program has left"
    );
    computer.show(Lamps::RINGING);
    assert_eq!(written(&headset), [2, 4]);
    headset.send(&[2, 1]).unwrap();
    assert_eq!(computer.news(), News::Pressed(Press::Answer));
    computer.show(Lamps::TALKING);
    assert_eq!(written(&headset), [2, 1]);
    headset.send(&[2, 3]).unwrap();
    assert_eq!(computer.news(), News::Pressed(Press::ToggleMute));
    headset.send(&[2, 1]).unwrap();
    computer.show(Lamps {
        mute: true,
        ..Lamps::TALKING
    });
    assert_eq!(written(&headset), [2, 3]);
    // Longer than a button takes to be let go.
    let quiet = computer.told.recv_timeout(Duration::from_millis(450));
    assert!(quiet.is_err(), "{quiet:?}");
    headset.send(&[2, 0]).unwrap();
    assert_eq!(computer.news(), News::Pressed(Press::HangUp));
}

#[test]
fn a_headset_that_is_pulled_out_and_put_back_shows_the_call_that_is_up() {
    let mut computer = Computer::start(|_| {});
    let headset = computer.plug();
    assert_eq!(computer.news(), News::Plugged(true));
    computer.show(Lamps::TALKING);
    assert_eq!(
        (written(&headset), written(&headset)),
        (vec![2, 0], vec![2, 1])
    );
    computer.unplug();
    let begin = Instant::now();
    // The other end of a datagram socket says its end with an empty report.
    headset.send(&[]).unwrap();
    assert_eq!(computer.news(), News::Plugged(false));
    let headset = computer.plug();
    assert_eq!(computer.news(), News::Plugged(true));
    assert_eq!(written(&headset), [2, 0]);
    // As the phone does at that news.
    computer.show(Lamps::TALKING);
    assert_eq!(written(&headset), [2, 1]);
    assert!(begin.elapsed() < CHANGE);
    drop(computer);
    assert_eq!(
        written(&headset),
        [2, 0],
        "the phone ends and puts the lamps out"
    );
}

#[test]
fn one_that_may_not_be_opened_is_told_once_with_the_rule_that_helps() {
    let computer = Computer::start(|folder| plug(folder, DESCRIPTOR));
    let Told::Denied(found) = computer.told() else {
        panic!("it was opened")
    };
    assert_eq!(found.name, "GN Netcom Jabra LINK");
    assert_eq!(
        found.rule(),
        r#"KERNEL=="hidraw*", KERNELS=="*:0B0E:0307.*", TAG+="uaccess""#
    );
    // udev has been there.
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    ours.set_read_timeout(Some(DEADLINE)).unwrap();
    computer.sockets.lock().unwrap().push(theirs);
    let device = computer.folder.path().join("dev/hidraw0");
    let open = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o660);
    fs::set_permissions(&device, open).unwrap();
    assert_eq!(computer.news(), News::Plugged(true));
    assert_eq!(written(&ours), [2, 0]);
}

#[test]
fn what_is_no_telephone_is_not_opened() {
    let computer =
        Computer::start(|folder| plug(folder, &[0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0xc0]));
    let (_ours, theirs) = UnixDatagram::pair().unwrap();
    computer.sockets.lock().unwrap().push(theirs);
    fs::write(computer.folder.path().join("dev/hidraw7"), "").unwrap();
    assert!(computer.told.recv_timeout(CHANGE).is_err());
    assert_eq!(computer.sockets.lock().unwrap().len(), 1);
}
