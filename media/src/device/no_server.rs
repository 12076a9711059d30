//! No system but Linux has a sound server.

use std::{convert::Infallible, io, time::Duration};

use super::scene::Scene;

/// Never there.
pub struct Watch;

impl Watch {
    /// There is no such server.
    pub fn start(_tell: impl Fn(Option<Scene>) + Send + 'static) -> Option<Self> {
        None
    }
}

/// What such a server has: there is none.
pub fn scene() -> Option<Scene> {
    None
}

/// Never there.
pub struct Stream(Infallible);

impl Stream {
    /// There is no such server.
    pub fn record(
        _source: &str,
        _rate: u32,
        _patience: Duration,
        _heard: impl FnMut(&[f32]) + Send + 'static,
    ) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// There is no such server.
    pub fn play(
        _sink: &str,
        _rate: u32,
        _fill: impl FnMut(&mut [f32]) + Send + 'static,
    ) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Never.
    pub fn is_running(&self) -> bool {
        match self.0 {}
    }
}
