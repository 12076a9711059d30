//! Phones made of an engine, for tests over real sockets.
#![allow(dead_code)]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use ringbook_media::{
    codec::Codec,
    device::{DeviceSettings, InputDevice, OutputDevice},
    engine::{
        Engine, EngineConfig, EngineHandle, MediaCommand, MediaEvent, RecordingState, StreamId,
        bind_rtp_pair,
    },
    recorder::{Finished, RecordingFormat},
    signal::{has_tone, power_at, tone},
    stream::{StreamConfig, StreamStats},
    voice_processing::VoiceSettings,
};

pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// How long a test waits for an event that must come.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// An engine and what it told.
pub struct Phone {
    pub engine: Engine,
    pub handle: EngineHandle,
    pub events: Receiver<MediaEvent>,
}

impl Phone {
    pub fn start(input: InputDevice, output: OutputDevice) -> Self {
        Self::start_with(input, output, VoiceSettings::OFF)
    }

    pub fn start_with(input: InputDevice, output: OutputDevice, voice: VoiceSettings) -> Self {
        let (sender, events) = channel();
        let config = EngineConfig {
            devices: DeviceSettings::without_bell(input, output),
            voice,
            cname: "test".into(),
            seed: 7,
        };
        let engine =
            Engine::start(config, Box::new(move |event| drop(sender.send(event)))).unwrap();
        let handle = engine.handle();
        Self {
            engine,
            handle,
            events,
        }
    }

    /// Opens a stream; returns where it hears.
    pub fn open(&self, id: u64) -> [SocketAddr; 2] {
        let (rtp, rtcp) = bind_rtp_pair(LOOPBACK, 42_000..=46_999).unwrap();
        let addresses = [rtp.local_addr().unwrap(), rtcp.local_addr().unwrap()];
        self.handle.send(MediaCommand::Open {
            stream: StreamId(id),
            rtp,
            rtcp,
            certificate: None,
        });
        addresses
    }

    pub fn configure(&self, id: u64, codec: Codec, [remote_rtp, remote_rtcp]: [SocketAddr; 2]) {
        let config = StreamConfig {
            remote_rtp,
            remote_rtcp,
            ..config(codec)
        };
        self.handle.send(MediaCommand::Configure {
            stream: StreamId(id),
            config,
        });
    }

    pub fn record(&self, id: u64, file: &Path) {
        let (file, format) = (file.to_owned(), RecordingFormat::Wav);
        self.handle.send(MediaCommand::RecordStart {
            stream: StreamId(id),
            file,
            format,
        });
    }

    /// Waits for an event.
    pub fn wait<T>(&self, what: &str, wanted: impl Fn(&MediaEvent) -> Option<T>) -> T {
        self.wait_within(DEADLINE, what, wanted)
    }

    /// The same for something that takes its time.
    pub fn wait_within<T>(
        &self,
        patience: Duration,
        what: &str,
        wanted: impl Fn(&MediaEvent) -> Option<T>,
    ) -> T {
        let end = Instant::now() + patience;
        let mut others = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(event) = self.events.recv_timeout(left) else {
                panic!("no {what}, but {others:?}")
            };
            if let Some(found) = wanted(&event) {
                return found;
            }
            // Those come each second and tell nothing here.
            if !matches!(event, MediaEvent::Stats { .. }) {
                others.push(event);
            }
        }
    }

    pub fn wait_for_stats(&self, id: u64, enough: impl Fn(&StreamStats) -> bool) -> StreamStats {
        self.wait("statistics", |event| match event {
            MediaEvent::Stats { stream, stats } if stream.0 == id && enough(stats) => Some(*stats),
            _ => None,
        })
    }

    pub fn wait_for_recording(&self, id: u64) -> Finished {
        self.wait("finished recording", |event| match event {
            MediaEvent::Recording {
                stream,
                state: RecordingState::Finished(finished),
                ..
            } if stream.0 == id => Some(finished.clone()),
            _ => None,
        })
    }
}

pub fn config(codec: Codec) -> StreamConfig {
    StreamConfig {
        dtmf_send_pt: Some(101),
        dtmf_receive_pt: Some(101),
        ..StreamConfig::plain(codec, 96, (LOOPBACK, 9).into())
    }
}

/// Two phones in a call with each other, both calls named 1.
pub fn connect(alice: &Phone, bob: &Phone, codec: Codec) {
    let (at_alice, at_bob) = (alice.open(1), bob.open(1));
    for phone in [alice, bob] {
        phone.handle.send(MediaCommand::Focus(Some(StreamId(1))));
    }
    alice.configure(1, codec, at_bob);
    bob.configure(1, codec, at_alice);
}

/// A file with two seconds of a tone.
pub fn tone_file(folder: &Path, frequency: f32) -> InputDevice {
    let path = folder.join(format!("{frequency}.wav"));
    sound_file(path, &tone(16_000, frequency, 0.4, 32_000))
}

/// A file with a sound of one channel at 16 kHz.
pub fn sound_file(path: PathBuf, samples: &[f32]) -> InputDevice {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for sample in samples {
        writer.write_sample((sample * 32_767.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    InputDevice::File(path)
}

/// The channels of a WAV file and its rate.
pub fn read(path: &Path) -> (Vec<Vec<f32>>, u32) {
    let mut reader = hound::WavReader::open(path).unwrap();
    let spec = reader.spec();
    let samples: Vec<f32> = reader
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32_768.0)
        .collect();
    let channels = usize::from(spec.channels);
    let channel = |index| {
        samples
            .iter()
            .skip(index)
            .step_by(channels)
            .copied()
            .collect()
    };
    ((0..channels).map(channel).collect(), spec.sample_rate)
}

/// How long the tone is heard in a sound, in seconds.
pub fn seconds_of(samples: &[f32], rate: u32, frequency: f32) -> f32 {
    let blocks = samples.chunks_exact(rate as usize / 50);
    blocks
        .filter(|block| has_tone(block, rate, frequency))
        .count() as f32
        / 50.0
}

/// How long a tone of [`tone_file`] is part of a sound, whatever else is heard, in seconds.
pub fn seconds_with(samples: &[f32], rate: u32, frequency: f32) -> f32 {
    let blocks = samples.chunks_exact(rate as usize / 50);
    let is_there = |block: &&[f32]| power_at(block, rate, frequency) > 0.02;
    blocks.filter(is_there).count() as f32 / 50.0
}
