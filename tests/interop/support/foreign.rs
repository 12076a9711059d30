//! What every phone of another house can do, so that one test asks it of all of them.

use super::{Baresip, Kamailio, Line, Linphone, Transport};

pub trait Foreign: Sized {
    /// Starts it as this user of the office; it answers by itself and says a tone of `hz`.
    fn start(user: &str, kamailio: &Kamailio, hz: u32) -> Self;
    fn dial(&mut self, target: &str);
    fn hang_up(&mut self);
    fn hold(&mut self);
    fn resume(&mut self);
    /// Sends the other party of its only call to `target`.
    fn send_on(&mut self, target: &str);
    fn press(&mut self, key: char);
    /// Waits until the other party has pressed this key.
    fn wait_pressed(&self, key: char);
    /// Waits until a call of its has ended.
    fn wait_ended(&self);
    /// Waits until it has decoded this much of the other side.
    fn wait_heard(&self, seconds: f64);
}

impl Foreign for Baresip {
    fn start(user: &str, kamailio: &Kamailio, hz: u32) -> Baresip {
        let phone = Baresip::start(&Line {
            user,
            registrar: &kamailio.address(),
            transport: Transport::Udp,
            codec: "PCMU/8000/1",
            tone_hz: hz,
            answers_itself: true,
            encryption: "",
            nat: "",
        });
        kamailio.wait_registered(user, Transport::Udp);
        phone
    }

    fn dial(&mut self, target: &str) {
        Baresip::dial(self, target);
    }

    fn hang_up(&mut self) {
        Baresip::hang_up(self);
    }

    fn hold(&mut self) {
        self.command("hold", "");
    }

    fn resume(&mut self) {
        self.command("resume", "");
    }

    fn send_on(&mut self, target: &str) {
        self.command("transfer", target);
    }

    fn press(&mut self, key: char) {
        self.command("sndcode", &key.to_string());
    }

    fn wait_pressed(&self, key: char) {
        let key = key.to_string();
        self.wait_for("CALL_DTMF_START", |event| event["param"] == key.as_str());
    }

    fn wait_ended(&self) {
        self.wait("CALL_CLOSED");
    }

    fn wait_heard(&self, seconds: f64) {
        Baresip::wait_heard(self, seconds);
    }
}

impl Foreign for Linphone {
    fn start(user: &str, kamailio: &Kamailio, hz: u32) -> Linphone {
        Linphone::start(user, kamailio, "none", hz)
    }

    fn dial(&mut self, target: &str) {
        Linphone::dial(self, target);
    }

    fn hang_up(&mut self) {
        Linphone::hang_up(self);
    }

    fn hold(&mut self) {
        self.say("pause");
        // It takes nothing back that is not on hold yet.
        self.wait_said(" is now paused");
    }

    fn resume(&mut self) {
        let before = self.lines();
        self.say("resume");
        // Until then it sends no keys that are pressed.
        self.wait_said_since(before, "Media streams established");
    }

    fn send_on(&mut self, target: &str) {
        self.say(&format!("transfer {target}"));
    }

    fn press(&mut self, key: char) {
        self.say(&key.to_string());
    }

    fn wait_pressed(&self, key: char) {
        self.wait_said(&format!("Receiving tone {key} "));
    }

    fn wait_ended(&self) {
        self.wait_said(" ended ");
    }

    fn wait_heard(&self, seconds: f64) {
        Linphone::wait_heard(self, seconds);
    }
}
