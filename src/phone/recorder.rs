//! Which calls are recorded, and what becomes of the recordings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ringbook_media::engine::{MediaCommand, MediaEvent, RecordingState as MediaState};
use ringbook_media::recorder::{Finished, RecordingFormat};

use super::call::Call;
use super::command::{CommandError, RecordAction};
use super::listener::{CallEvent, Listener, Reactions};
use super::view::RecordingView;
use crate::automation::{Body, NoticeKind, RecordingState};
use crate::model::{self, CallId, RecordingId, RecordingRow};
use crate::now::Now;
use crate::settings::{RecordingMode, Settings};
use crate::tr;

/// The recordings that are not complete.
#[derive(Debug)]
pub struct Recorder {
    enabled: bool,
    mode: RecordingMode,
    format: RecordingFormat,
    folder: PathBuf,
    recordings: BTreeMap<CallId, Recording>,
}

#[derive(Debug)]
struct Recording {
    /// Relative to the folder.
    file: String,
    started_at: Timestamp,
    state: RecordingView,
    /// Recordings of this call so far, this one included.
    count: u32,
}

impl Recorder {
    /// Recordings go below `folder`.
    pub fn new(settings: &Settings, folder: PathBuf) -> Self {
        let mut recorder = Self {
            enabled: false,
            mode: RecordingMode::Never,
            format: RecordingFormat::Wav,
            folder,
            recordings: BTreeMap::new(),
        };
        recorder.set(settings);
        recorder
    }

    /// Takes over the settings, for recordings that begin from now on.
    pub fn set(&mut self, settings: &Settings) {
        self.enabled = settings.modules.recording;
        self.mode = settings.recording.mode;
        self.format = match settings.recording.format {
            crate::settings::RecordingFormat::Wav => RecordingFormat::Wav,
            crate::settings::RecordingFormat::Opus => RecordingFormat::Opus,
        };
    }

    /// Whether a call is recorded.
    pub fn view(&self, call: CallId) -> RecordingView {
        self.recordings
            .get(&call)
            .map_or(RecordingView::Off, |recording| recording.state)
    }

    /// Steers the recording of a call by hand.
    pub fn steer(
        &mut self,
        now: Now,
        call: &Call,
        action: RecordAction,
        out: &mut Reactions,
    ) -> Result<(), CommandError> {
        if !self.enabled {
            return Err(CommandError::ModuleOff {
                module: "recording",
            });
        }
        let stream = call.stream;
        let state = self.view(call.id);
        match (action, state) {
            (RecordAction::Start, RecordingView::Off) if call.is_established() => {
                self.start(now, call, out);
            }
            (RecordAction::Stop, RecordingView::On | RecordingView::Paused) => {
                out.media(MediaCommand::RecordStop { stream });
            }
            (RecordAction::Pause, RecordingView::On) => {
                out.media(MediaCommand::RecordPause { stream });
            }
            (RecordAction::Resume, RecordingView::Paused) => {
                out.media(MediaCommand::RecordResume { stream });
            }
            (action, state) => return Err(refusal(action, state)),
        }
        Ok(())
    }

    /// Whether a call that is answered is recorded without being asked.
    fn is_due(&self, call: CallId) -> bool {
        let always = self.enabled && self.mode == RecordingMode::Always;
        always && self.view(call) == RecordingView::Off
    }

    fn start(&mut self, now: Now, call: &Call, out: &mut Reactions) {
        let count = self
            .recordings
            .get(&call.id)
            .map_or(0, |recording| recording.count)
            + 1;
        let extension = match count {
            1 => self.format.extension().to_owned(),
            // A second recording of the same call gets a name of its own.
            n => format!("{n}.{}", self.format.extension()),
        };
        let file = RecordingRow::file_name(call.id, call.began.wall, &extension);
        out.media(MediaCommand::RecordStart {
            stream: call.stream,
            file: self.folder.join(&file),
            format: self.format,
        });
        let state = RecordingView::On;
        self.recordings.insert(
            call.id,
            Recording {
                file,
                started_at: now.wall,
                state,
                count,
            },
        );
    }

    fn on_recording(&mut self, call: &Call, state: &MediaState, file: &Path, out: &mut Reactions) {
        let Some(recording) = self.recordings.get_mut(&call.id) else {
            return;
        };
        let (told, error) = match state {
            MediaState::Started => (RecordingState::Started, None),
            MediaState::Paused => (RecordingState::Paused, None),
            MediaState::Resumed => (RecordingState::Resumed, None),
            MediaState::Finished(_) => (RecordingState::Finished, None),
            MediaState::Failed { error, .. } => (RecordingState::Failed, Some(error.to_string())),
        };
        recording.state = match told {
            RecordingState::Started | RecordingState::Resumed => RecordingView::On,
            RecordingState::Paused => RecordingView::Paused,
            _ => RecordingView::Off,
        };
        if let Some(error) = &error {
            let text = tr!(
                "The recording stopped: {error}. The call goes on.",
                error = error
            );
            out.notice(NoticeKind::Recording, text);
        }
        let file = file.display().to_string();
        out.event(Body::Recording {
            call: call.id,
            state: told,
            file,
            error,
        });
        let (finished, end) = match state {
            MediaState::Finished(finished) => (finished, model::RecordingState::Finished),
            MediaState::Failed {
                saved: Some(saved), ..
            } => (saved, model::RecordingState::Failed),
            _ => return,
        };
        let row = row(call.id, recording, self.format, finished, end);
        out.tell(CallEvent::Recorded(Box::new(row)));
    }
}

impl Listener for Recorder {
    fn on_call(&mut self, now: Now, call: &Call, event: &CallEvent, out: &mut Reactions) {
        match event {
            CallEvent::Established if self.is_due(call.id) => self.start(now, call, out),
            CallEvent::Ended if self.is_busy(call.id) => {
                out.media(MediaCommand::RecordStop {
                    stream: call.stream,
                });
            }
            CallEvent::Closed => drop(self.recordings.remove(&call.id)),
            _ => {}
        }
    }

    fn on_media(&mut self, _now: Now, call: &Call, event: &MediaEvent, out: &mut Reactions) {
        if let MediaEvent::Recording { state, file, .. } = event {
            self.on_recording(call, state, file, out);
        }
    }

    fn is_busy(&self, call: CallId) -> bool {
        self.view(call) != RecordingView::Off
    }
}

fn row(
    call: CallId,
    recording: &Recording,
    format: RecordingFormat,
    finished: &Finished,
    state: model::RecordingState,
) -> RecordingRow {
    RecordingRow {
        id: RecordingId::new(),
        call,
        file: recording.file.clone(),
        started_at: recording.started_at,
        duration: finished.duration(),
        channels: 2,
        sample_rate: finished.rate,
        codec: match format {
            RecordingFormat::Wav => "pcm_s16le".to_owned(),
            RecordingFormat::Opus => "opus".to_owned(),
        },
        size: 0,
        sha256: Some(finished.sha256),
        state,
    }
}

fn refusal(action: RecordAction, state: RecordingView) -> CommandError {
    let verb = match action {
        RecordAction::Start => "started",
        RecordAction::Stop => "stopped",
        RecordAction::Pause => "paused",
        RecordAction::Resume => "resumed",
    };
    let state = match state {
        RecordingView::Off => "off",
        RecordingView::On => "on",
        RecordingView::Paused => "paused",
    };
    CommandError::WrongRecording { verb, state }
}
