//! What changes at the sound server, told as it happens.

use pulseaudio::protocol::{self, Command, ProtocolError, SubscriptionMask};

use super::{Connection, Reading, Scene, pass_over};

/// The connection on which the server tells changes. Dropping it closes it.
pub struct Watch {
    _reading: Reading,
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
        let sockets = vec![
            news.socket.get_ref().handle().ok()?,
            questions.socket.get_ref().handle().ok()?,
        ];
        let read = move || {
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
        };
        let reading = Reading::start("sound server", sockets, read).ok()?;
        Some(Self { _reading: reading })
    }
}

impl Connection {
    /// Waits for the next message, whatever it says.
    fn wait(&mut self) -> Result<(), ProtocolError> {
        let length = protocol::read_descriptor(&mut self.socket)?.length;
        Ok(pass_over(&mut self.socket, length)?)
    }
}
