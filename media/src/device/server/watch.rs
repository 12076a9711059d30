//! What changes at the sound server, told as it happens.

use std::{
    io::Read,
    net::Shutdown,
    os::unix::net::UnixStream,
    thread::{self, JoinHandle},
};

use pulseaudio::protocol::{self, Command, ProtocolError, SubscriptionMask};

use super::{Connection, Scene};

/// The connection on which the server tells changes. Dropping it closes it.
pub struct Watch {
    sockets: [UnixStream; 2],
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Connects and tells what the server has, now and after every change; `None` when the connection is lost.
    /// `tell` is called on a thread of its own. `None`: there is no such server.
    pub fn start(tell: impl Fn(Option<Scene>) + Send + 'static) -> Option<Self> {
        let mut news = Connection::open().ok()?;
        let mut questions = Connection::open().ok()?;
        let of = SubscriptionMask::SINK | SubscriptionMask::SOURCE | SubscriptionMask::SERVER;
        news.send(&Command::Subscribe(of)).ok()?;
        protocol::read_ack_message(&mut news.socket).ok()?;
        news.socket.get_mut().wait_for(None);
        let sockets = [
            news.socket.get_ref().handle().ok()?,
            questions.socket.get_ref().handle().ok()?,
        ];
        let thread = thread::Builder::new()
            .name("sound server".into())
            .spawn(move || {
                let mut told = None;
                while let Ok(scene) = questions.scene() {
                    // A server that is slow from now on has not gone; our end ends the waiting.
                    questions.socket.get_mut().wait_for(None);
                    if told.as_ref() != Some(&scene) {
                        tell(Some(scene.clone()));
                        told = Some(scene);
                    }
                    if news.wait().is_err() {
                        break;
                    }
                }
                tell(None);
            })
            .ok()?;
        Some(Self {
            sockets,
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for socket in &self.sockets {
            // It may be closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Connection {
    /// Waits for the next message, whatever it says.
    fn wait(&mut self) -> Result<(), ProtocolError> {
        let length = protocol::read_descriptor(&mut self.socket)?.length;
        let mut message = (&mut self.socket).take(u64::from(length));
        std::io::copy(&mut message, &mut std::io::sink())?;
        Ok(())
    }
}
