//! The page of a call's flight: what the recorder kept → `FlightAdapter`, and the copy for the
//! provider into a file.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ringbook_ui::slint::{ComponentHandle, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{Figure, FlightAdapter, LadderStep, MainWindow, SoundRow, StepKind};

use super::asking::{self, spawn};
use super::link::PhoneLink;
use super::text;
use super::window_adapter::{complain, tell};
use crate::flight::ladder::{self, Step};
use crate::flight::report::{self, COLUMNS, ROWS};
use crate::flight::{Flight, diagnosis, statistics};
use crate::model::{CallId, CallLine, CallRecord};
use crate::tr;

/// The page's state.
pub struct FlightPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    /// The call that is chosen in the log.
    chosen: Cell<Option<CallId>>,
}

impl FlightPage {
    /// Ties the page to the store.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        let page = Rc::new(Self {
            window: window.as_weak(),
            phone,
            chosen: Cell::new(None),
        });
        let adapter = window.global::<FlightAdapter>();
        let this = page.clone();
        adapter.on_show(move |call| this.choose(&call));
        let this = page.clone();
        adapter.on_save(move || spawn(this.clone().save()));
        page
    }

    fn choose(self: &Rc<Self>, call: &str) {
        self.chosen.set(call.parse().ok());
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<FlightAdapter>();
            adapter.set_open(false);
            adapter.set_kept(false);
        }
        spawn(self.clone().load());
    }

    /// Reads what is kept of the chosen call, and tells it in the present language.
    pub async fn load(self: Rc<Self>) {
        let Some(call) = self.chosen.get() else {
            return;
        };
        let told = asking::read(&self.phone, move |store| {
            let line = store.find_call(call)?;
            let flight = store.find_flight(call)?;
            Ok(line
                .zip(flight)
                .map(|(line, flight)| Told::of(&line.record, &flight)))
        });
        let told = told.await;
        // Another call was chosen meanwhile.
        if self.chosen.get() != Some(call) {
            return;
        }
        let Some(window) = self.window.upgrade() else {
            return;
        };
        match told {
            Ok(Some(told)) => told.show(&window.global::<FlightAdapter>()),
            Ok(None) => window.global::<FlightAdapter>().set_kept(false),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Writes the copy that names nobody into a file of the profile.
    async fn save(self: Rc<Self>) {
        let Some(call) = self.chosen.get() else {
            return;
        };
        let folder = self.phone.profile().dir().join("exports");
        let written = asking::read(&self.phone, move |store| {
            let line = store.find_call(call)?;
            let flight = store.find_flight(call)?;
            Ok(line
                .zip(flight)
                .map(|(line, flight)| write_bundle(&line, &flight, &folder)))
        });
        match written.await {
            Ok(Some(Ok(file))) => {
                let text = tr!(
                    "The copy for the provider was written to {file}",
                    file = file.display()
                );
                tell(&self.window, text);
            }
            Ok(Some(Err(error))) => complain(&self.window, format!("{error:#}")),
            Ok(None) => complain(
                &self.window,
                tr!("Nothing is kept of the messages of this call any more."),
            ),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }
}

/// Writes the bundle into a new file of the folder, and says which.
fn write_bundle(line: &CallLine, flight: &Flight, folder: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let stamp = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let file = folder.join(format!("call-{stamp}.txt"));
    let mut output = BufWriter::new(File::create_new(&file)?);
    report::bundle(line, flight, false, &mut output)?;
    output.flush()?;
    Ok(file)
}

/// A flight in words, made on the store's thread.
#[derive(Debug, Default)]
struct Told {
    trouble: bool,
    sentence: String,
    findings: Vec<SharedString>,
    steps: Vec<LadderStep>,
    figures: Vec<Figure>,
    sound: Vec<SoundRow>,
}

impl Told {
    fn of(call: &CallRecord, flight: &Flight) -> Self {
        let findings = diagnosis::findings(call, flight);
        let sentence = diagnosis::sentence(call, flight);
        let others = findings.iter().map(diagnosis::Finding::text);
        let time = |interval| report::row(interval, report::time(interval));
        Self {
            trouble: findings.iter().any(diagnosis::Finding::is_trouble),
            findings: others
                .filter(|text| *text != sentence)
                .map(|text| text::line(&text))
                .collect(),
            sentence,
            steps: ladder::steps(flight).into_iter().map(map_step).collect(),
            figures: figures(flight),
            sound: statistics::condensed(flight, ROWS)
                .iter()
                .map(time)
                .map(map_row)
                .collect(),
        }
    }

    fn show(self, adapter: &FlightAdapter<'_>) {
        adapter.set_trouble(self.trouble);
        adapter.set_sentence(text::line(&self.sentence));
        adapter.set_findings(model(self.findings));
        adapter.set_steps(model(self.steps));
        adapter.set_figures(model(self.figures));
        adapter.set_sound(model(self.sound));
        adapter.set_headings(map_row(report::headings()));
        adapter.set_kept(true);
    }
}

fn model<T: Clone + 'static>(rows: Vec<T>) -> ModelRc<T> {
    ModelRc::from(Rc::new(VecModel::from(rows)))
}

fn map_step(step: Step<'_>) -> LadderStep {
    let (kind, time, words, other) = match step {
        Step::Ends(message) => {
            let (ours, theirs) = ladder::ends(message);
            (StepKind::Ends, String::new(), ours, theirs)
        }
        Step::Message(message) => {
            let kind = match message.sent {
                true => StepKind::Sent,
                false => StepKind::Received,
            };
            let label = ladder::label(message);
            (kind, ladder::time(message.at_ms), label, String::new())
        }
        Step::Note(note) => {
            let said = ladder::said(&note.what);
            (
                StepKind::Note,
                ladder::time(note.at_ms),
                said,
                String::new(),
            )
        }
        Step::Gap(dropped) => {
            let words = ladder::not_kept(dropped);
            (StepKind::Gap, String::new(), words, String::new())
        }
    };
    LadderStep {
        kind,
        time: time.into(),
        text: text::line(&words),
        other: other.into(),
    }
}

/// The whole call in figures; nothing where there was no sound.
fn figures(flight: &Flight) -> Vec<Figure> {
    let Some(total) = statistics::total(flight) else {
        return Vec::new();
    };
    let codec = statistics::codec_at(flight, total.to_ms).unwrap_or_default();
    let codec = (tr!("Codec"), text::codec(codec).to_owned());
    let row = report::headings()
        .into_iter()
        .zip(report::row(&total, String::new()));
    let there = total.remote_mos.map(|mos| format!("{mos:.1}"));
    let there = (tr!("Score there"), there.unwrap_or_default());
    std::iter::once(codec)
        .chain(row)
        .chain([there])
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| Figure {
            name: name.into(),
            value: value.into(),
        })
        .collect()
}

/// The columns that a table in the window has room for.
fn map_row(row: [String; COLUMNS]) -> SoundRow {
    let [until, _, _, lost, late, _, jitter, round_trip, _, _, score] = row.map(SharedString::from);
    SoundRow {
        until,
        lost,
        late,
        jitter,
        round_trip,
        score,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::flight::sample;
    use crate::model::{CallId, Direction};

    fn record() -> CallRecord {
        let mut record = CallRecord::begin(CallId::new(), Direction::Outgoing, sample::began());
        record.answered_at = Some(sample::began() + std::time::Duration::from_millis(5020));
        record.caller = "+77011112233".into();
        record
    }

    #[test]
    fn the_page_tells_what_the_command_line_tells() {
        let flight = sample::flight();
        let told = Told::of(&record(), &flight);
        assert_eq!(told.sentence, diagnosis::sentence(&record(), &flight));
        assert!(!told.trouble);
        let drawn = ladder::ladder(&flight, 100);
        for step in &told.steps {
            assert!(drawn.contains(step.text.as_str()), "{}", step.text);
        }
        assert_eq!(told.steps[0].kind, StepKind::Ends);
        assert_eq!(told.steps[1].kind, StepKind::Sent);
        assert_eq!(told.steps[2].kind, StepKind::Received);
        let score = told.figures.last().unwrap();
        assert_eq!(score.name, "Score");
        let mut flight = flight;
        flight.samples.last_mut().unwrap().remote_mos = Some(3.86);
        let there = figures(&flight).pop().unwrap();
        assert_eq!((&*there.name, &*there.value), ("Score there", "3.9"));
        assert_eq!(told.sound.last().unwrap().until, "1:05");
    }

    #[test]
    fn the_copy_for_the_provider_is_a_new_file_that_names_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let line = CallLine {
            record: record(),
            client_name: Some("Ivan Petrov".into()),
            category: None,
            recording: None,
            missing: None,
            note: String::new(),
            tags: Vec::new(),
        };
        let file = write_bundle(&line, &sample::flight(), folder.path()).unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains("INVITE sip:"), "{text}");
        for secret in ["Ivan", "77011112233", "office.example", "192.0.2."] {
            assert!(!text.contains(secret), "{secret} in\n{text}");
        }
    }
}
