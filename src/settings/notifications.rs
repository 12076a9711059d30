//! `[notifications]`: what draws attention to itself, kind by kind, and in which ways.

use std::time::Duration;

use toml_edit::Value;

use super::SettingsError;
use super::section::Section;

const WINDOW: &str = "window";
const DESKTOP: &str = "desktop";
const SOUND: &str = "sound";
/// The longest conversation that is waited for: a day.
pub(super) const MOST_MINUTES: u32 = 1440;

/// `[notifications]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notifications {
    /// Somebody calls: the caller's card.
    pub calls: Ways,
    /// Somebody is owed a call, or has been for too long.
    pub tasks: Ways,
    /// A conversation lasts longer than [`Notifications::long_call_minutes`].
    pub long_calls: Ways,
    /// When that is told.
    pub long_calls_told: LongCallTold,
    /// A line, the database, a device or a call fails.
    pub alerts: Ways,
    /// After how many minutes a conversation is a long one; 0: never.
    pub long_call_minutes: u32,
}

impl Notifications {
    /// From when on a conversation is a long one; none: never.
    pub fn long_call(&self) -> Option<Duration> {
        let limit = Duration::from_secs(u64::from(self.long_call_minutes) * 60);
        (!limit.is_zero()).then_some(limit)
    }
}

/// When a conversation that lasts too long is told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LongCallTold {
    /// As soon as it does.
    #[default]
    During,
    /// When it is over.
    After,
}

const TOLD: [(&str, LongCallTold); 2] = [
    ("during", LongCallTold::During),
    ("after", LongCallTold::After),
];

/// In which ways one kind of news is told; in none where it is not to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ways {
    /// In the window; a call by its card.
    pub window: bool,
    /// By the desktop.
    pub desktop: bool,
    /// The desktop makes its sound with it.
    pub sound: bool,
}

impl Ways {
    /// Whether there is any.
    pub fn any(self) -> bool {
        self.window || self.desktop
    }

    fn words(self) -> [(&'static str, bool); 3] {
        [
            (WINDOW, self.window),
            (DESKTOP, self.desktop),
            (SOUND, self.sound),
        ]
    }

    fn value(self) -> Option<Value> {
        let chosen = self.words().into_iter().filter(|(_, chosen)| *chosen);
        Some(chosen.map(|(word, _)| word).collect())
    }
}

impl Default for Notifications {
    fn default() -> Self {
        let told = Ways {
            window: true,
            desktop: true,
            sound: true,
        };
        // A call has its card, and it rings.
        let card = Ways {
            window: true,
            ..Ways::default()
        };
        Self {
            calls: card,
            tasks: told,
            long_calls: told,
            long_calls_told: LongCallTold::default(),
            alerts: told,
            long_call_minutes: 0,
        }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Result<Notifications, SettingsError> {
    let default = Notifications::default();
    Ok(Notifications {
        calls: ways(section, "calls", default.calls)?,
        tasks: ways(section, "tasks", default.tasks)?,
        long_calls: ways(section, "long_calls", default.long_calls)?,
        long_calls_told: section.choice("long_calls_told", default.long_calls_told, &TOLD)?,
        alerts: ways(section, "alerts", default.alerts)?,
        long_call_minutes: section.integer(
            "long_call_minutes",
            default.long_call_minutes,
            0..=MOST_MINUTES,
        )?,
    })
}

fn ways(
    section: &mut Section<'_>,
    key: &'static str,
    default: Ways,
) -> Result<Ways, SettingsError> {
    let Some(value) = section.value(key) else {
        return Ok(default);
    };
    let allowed = "a list of \"window\", \"desktop\", \"sound\"; an empty list for none";
    let list = value.get_ref().as_array();
    let list = list.ok_or_else(|| section.bad(key, value, allowed))?;
    let mut ways = Ways::default();
    for item in list.iter() {
        match item.get_ref().as_str() {
            Some(WINDOW) => ways.window = true,
            Some(DESKTOP) => ways.desktop = true,
            Some(SOUND) => ways.sound = true,
            _ => return Err(section.bad(key, item, allowed)),
        }
    }
    Ok(ways)
}

fn long_calls_told(settings: Notifications) -> Option<Value> {
    let told = settings.long_calls_told;
    let (word, _) = TOLD.iter().find(|(_, value)| *value == told)?;
    Some((*word).into())
}

pub(super) fn write(settings: Notifications) -> Vec<(&'static str, Option<Value>)> {
    vec![
        ("calls", settings.calls.value()),
        ("tasks", settings.tasks.value()),
        ("long_calls", settings.long_calls.value()),
        ("long_calls_told", long_calls_told(settings)),
        ("alerts", settings.alerts.value()),
        (
            "long_call_minutes",
            Some(i64::from(settings.long_call_minutes).into()),
        ),
    ]
}
