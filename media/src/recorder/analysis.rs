//! Who spoke how much in a recording.

use std::{path::Path, time::Duration};

use super::{ReadError, RecordingReader};
use crate::conversation::{Conversation, FRAME, Listener};

/// Why a recording cannot be analysed.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its voices are not kept apart.
    #[error(
        "the recording has one channel; who speaks can be told with two alone, left the agent and right the client"
    )]
    OneChannel,
}

/// Listens to a recording of two channels, left the agent and right the client, from its beginning to its end. It is
/// read as it is heard: memory does not grow with its length.
///
/// # Errors
/// The file cannot be read, or it has one channel.
pub fn analyse(path: &Path) -> Result<Conversation, AnalysisError> {
    let mut recording = RecordingReader::open(path)?;
    if recording.channels() != 2 {
        return Err(AnalysisError::OneChannel);
    }
    let pauses = super::pauses(path)?;
    let mut listener = Listener::default();
    let (mut agent, mut client) = (Vec::new(), Vec::new());
    let mut at = Duration::ZERO;
    while recording.next_voices(&mut agent, &mut client)? {
        // What happened in a pause is not known: it counts neither as talk nor as silence.
        if !pauses
            .iter()
            .any(|pause| (pause.from..pause.to).contains(&at))
        {
            listener.hear(&agent, &client);
        }
        at += FRAME;
    }
    Ok(listener.finish())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Pause, Recorder, RecordingFormat, RecordingRequest, pauses, repair};
    use super::*;
    use crate::signal::tone;

    const RATE: u32 = 16_000;

    fn request(path: &Path, format: RecordingFormat) -> RecordingRequest {
        RecordingRequest {
            path: path.to_owned(),
            format,
            channels: 2,
            rate: RATE,
            overwrite: false,
            report: Box::new(|_| {}),
        }
    }

    /// Ten seconds: the agent for three from the first on, the client for four from the fifth on.
    fn recording(path: &Path, format: RecordingFormat) {
        let recorder = Recorder::start().unwrap();
        let mut tap = recorder.record(request(path, format)).unwrap();
        let voice = tone(RATE, 600.0, 0.3, 320);
        let side = |speaks: bool| if speaks { &voice[..] } else { &[0.0; 320] };
        for at in 0..500 {
            let agent = side((50..200).contains(&at));
            let client = side((250..450).contains(&at));
            tap.frame(RATE, &[agent, client]);
        }
    }

    #[test]
    fn s1_29_both_formats_tell_who_spoke_when() {
        let folder = tempfile::tempdir().unwrap();
        for format in [RecordingFormat::Wav, RecordingFormat::Opus] {
            let path = folder.path().join(format!("call.{}", format.extension()));
            recording(&path, format);
            let found = analyse(&path).unwrap();
            let near = |count: u64, truth: u64| count.abs_diff(truth) <= 10;
            assert!(near(found.frames, 500), "{found:?}");
            assert!(
                near(found.agent, 150) && near(found.client, 200),
                "{found:?}"
            );
            assert!(
                near(found.silence, 150) && near(found.longest_silence, 50),
                "{found:?}"
            );
            assert_eq!(found.overlap, 0, "{found:?}");
        }
    }

    #[test]
    fn s1_29_what_happened_in_a_pause_counts_neither_as_talk_nor_as_silence() {
        let folder = tempfile::tempdir().unwrap();
        for format in [RecordingFormat::Wav, RecordingFormat::Opus] {
            let path = folder.path().join(format!("call.{}", format.extension()));
            let recorder = Recorder::start().unwrap();
            let mut tap = recorder.record(request(&path, format)).unwrap();
            let voice = tone(RATE, 600.0, 0.3, 320);
            for at in 0..500 {
                if at % 200 == 100 {
                    tap.pause(at == 100);
                }
                tap.frame(RATE, &[&voice, &[0.0; 320]]);
            }
            drop((tap, recorder));
            let ms = Duration::from_millis;
            // The agent's side is in the file a tick earlier than it came.
            let (from, to) = (ms(1_980), ms(5_980));
            assert_eq!(pauses(&path).unwrap(), [Pause { from, to }]);
            let found = analyse(&path).unwrap();
            assert!(found.frames.abs_diff(300) <= 1, "{format}: {found:?}");
            assert!(found.silence <= 10, "{format}: {found:?}");
            let again = repair(&path).unwrap();
            assert_eq!((again.changed, again.duration()), (false, ms(10_000)));
        }
    }

    fn wav(path: &Path, channels: u16, samples: usize) {
        let spec = hound::WavSpec {
            channels,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(path, spec).unwrap();
        (0..samples).for_each(|_| wav.write_sample(0_i16).unwrap());
        wav.finalize().unwrap();
    }

    #[test]
    fn what_cannot_be_analysed_says_why_and_an_empty_recording_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.wav");
        assert!(matches!(analyse(&path), Err(AnalysisError::Read(_))));
        for nonsense in [&b""[..], b"OggS", b"RIFF", &[7; 100]] {
            std::fs::write(&path, nonsense).unwrap();
            assert!(matches!(analyse(&path), Err(AnalysisError::Read(_))));
        }
        wav(&path, 1, 8_000);
        assert!(matches!(analyse(&path), Err(AnalysisError::OneChannel)));
        wav(&path, 2, 0);
        assert_eq!(analyse(&path).unwrap(), Conversation::default());
    }
}
