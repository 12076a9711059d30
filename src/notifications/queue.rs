//! The queue: what is shown and for how long. Time is an argument.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::{Kind, Notification, Subject, Tone};
use crate::settings::{Notifications, Ways};

/// How long a message stays, and how much longer for each letter.
const STAY: Duration = Duration::from_secs(6);
const LETTER: Duration = Duration::from_millis(50);
/// Messages in the window at once.
const MAX_TOASTS: usize = 4;
/// The same news of the same subject is not told again for so long.
const QUIET: Duration = Duration::from_secs(300);
/// Subjects remembered: the oldest are forgotten.
const MAX_TOLD: usize = 1000;

/// A message in the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// To dismiss it by.
    pub id: i32,
    /// How it is meant.
    pub tone: Tone,
    /// A sentence.
    pub text: String,
    /// What a press on it does, in a word or two; empty where it does nothing.
    pub action: String,
    /// How often it was told meanwhile.
    pub times: u32,
    /// What it is about.
    pub subject: Subject,
    until: Instant,
}

/// A message for the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Popup {
    /// Takes the place of the one with the same id.
    pub id: u32,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub text: String,
    /// To be looked at now.
    pub is_urgent: bool,
    /// With the desktop's sound.
    pub has_sound: bool,
}

/// For the desktop to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Show this.
    Show(Popup),
    /// It is of no interest any more.
    Withdraw(u32),
}

/// What was told of a subject.
#[derive(Debug)]
struct Told {
    at: Instant,
    text: String,
    /// Its number on the desktop, where it stands there.
    popup: Option<u32>,
    /// It stands in the window: a call by its card.
    in_window: bool,
}

/// Everything that waits for a person's attention.
#[derive(Debug, Default)]
pub struct Queue {
    rules: Notifications,
    toasts: Vec<Toast>,
    told: BTreeMap<Subject, Told>,
    orders: VecDeque<Order>,
    last_toast: i32,
    last_popup: u32,
}

impl Queue {
    /// Tells each kind as the settings say, from now on.
    pub fn set_rules(&mut self, rules: Notifications) {
        self.rules = rules;
    }

    /// Takes in something to tell.
    pub fn put(&mut self, now: Instant, news: Notification) {
        let ways = self.ways(news.kind);
        if !ways.any() || self.repeats(now, &news) {
            return;
        }
        let in_window = ways.window;
        if in_window && news.kind != Kind::Call {
            self.show(now, &news);
        }
        let popup = ways.desktop.then(|| self.order(&news, ways));
        let told = Told {
            at: now,
            text: news.text,
            popup,
            in_window,
        };
        self.told.insert(news.subject, told);
        self.forget();
    }

    /// What it was about is settled: it goes from the window and from the desktop.
    pub fn withdraw(&mut self, subject: &Subject) {
        self.toasts.retain(|toast| toast.subject != *subject);
        if let Some(told) = self.told.remove(subject)
            && let Some(popup) = told.popup
        {
            self.orders.push_back(Order::Withdraw(popup));
        }
    }

    /// Somebody has read it.
    pub fn dismiss(&mut self, id: i32) {
        self.toasts.retain(|toast| toast.id != id);
    }

    /// Takes away what has been shown long enough.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.toasts.retain(|toast| toast.until > now);
    }

    /// When to come back with [`Queue::handle_timeout`].
    pub fn next_timeout(&self) -> Option<Instant> {
        self.toasts.iter().map(|toast| toast.until).min()
    }

    /// The messages in the window, the oldest first.
    pub fn toasts(&self) -> &[Toast] {
        &self.toasts
    }

    /// What the message in the window with this id is about.
    pub fn subject(&self, id: i32) -> Option<Subject> {
        let toast = self.toasts.iter().find(|toast| toast.id == id);
        toast.map(|toast| toast.subject.clone())
    }

    /// Whether news of this subject stand in the window: whether a call has a card there.
    pub fn is_in_window(&self, subject: &Subject) -> bool {
        self.told.get(subject).is_some_and(|told| told.in_window)
    }

    /// The next thing for the desktop.
    pub fn poll_order(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    fn ways(&self, kind: Kind) -> Ways {
        match kind {
            Kind::Call => self.rules.calls,
            Kind::Task => self.rules.tasks,
            Kind::LongCall => self.rules.long_calls,
            Kind::Alert => self.rules.alerts,
            Kind::Reply => Ways {
                window: true,
                ..Ways::default()
            },
        }
    }

    /// Whether it says what was said a while ago. What still stands in the window is counted there.
    fn repeats(&mut self, now: Instant, news: &Notification) -> bool {
        let shown = |toast: &&mut Toast| toast.subject == news.subject && toast.text == news.text;
        if let Some(toast) = self.toasts.iter_mut().find(shown) {
            toast.times = toast.times.saturating_add(1);
            toast.until = now + time_for(&news.text);
            return true;
        }
        // An answer to what was done is due every time that it is done.
        news.kind != Kind::Reply
            && self.told.get(&news.subject).is_some_and(|told| {
                told.text == news.text && now.saturating_duration_since(told.at) < QUIET
            })
    }

    fn show(&mut self, now: Instant, news: &Notification) {
        self.toasts.retain(|toast| toast.subject != news.subject);
        if self.toasts.len() == MAX_TOASTS {
            // What fails stays longest.
            let mild = self.toasts.iter().position(|toast| toast.tone != Tone::Bad);
            self.toasts.remove(mild.unwrap_or(0));
        }
        self.last_toast = self.last_toast.wrapping_add(1);
        self.toasts.push(Toast {
            id: self.last_toast,
            tone: news.tone,
            text: news.text.clone(),
            action: news.action.clone(),
            times: 1,
            subject: news.subject.clone(),
            until: now + time_for(&news.text),
        });
    }

    /// Has the desktop show it, in the place of what it showed of the same subject.
    fn order(&mut self, news: &Notification, ways: Ways) -> u32 {
        let known = self.told.get(&news.subject).and_then(|told| told.popup);
        let id = known.unwrap_or_else(|| {
            self.last_popup = self.last_popup.wrapping_add(1);
            self.last_popup
        });
        self.orders.push_back(Order::Show(Popup {
            id,
            title: news.title.clone(),
            text: news.text.clone(),
            is_urgent: news.kind == Kind::Call || news.tone == Tone::Bad,
            has_sound: ways.sound,
        }));
        id
    }

    fn forget(&mut self) {
        while self.told.len() > MAX_TOLD {
            let oldest = self.told.iter().min_by_key(|(_, told)| told.at);
            let Some(oldest) = oldest.map(|(subject, _)| subject.clone()) else {
                return;
            };
            self.told.remove(&oldest);
        }
    }
}

fn time_for(text: &str) -> Duration {
    let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    STAY.saturating_add(LETTER.saturating_mul(letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 4] = [Kind::Call, Kind::Task, Kind::LongCall, Kind::Alert];
    const SECOND: Duration = Duration::from_secs(1);

    fn alert(line: &str, text: &str) -> Notification {
        Notification {
            kind: Kind::Alert,
            subject: Subject::Line(line.into()),
            tone: Tone::Warning,
            title: "Line".into(),
            text: text.into(),
            action: String::new(),
        }
    }

    fn texts(queue: &Queue) -> Vec<&str> {
        let texts = queue.toasts().iter().map(|toast| toast.text.as_str());
        texts.collect()
    }

    fn orders(queue: &mut Queue) -> Vec<Order> {
        std::iter::from_fn(|| queue.poll_order()).collect()
    }

    #[test]
    fn a_message_stays_as_long_as_it_takes_to_read_it() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        queue.put(start, alert("a", "short"));
        queue.put(start, alert("b", &"long ".repeat(100)));
        let short = start + STAY + 5 * LETTER;
        assert_eq!(queue.next_timeout(), Some(short));
        queue.handle_timeout(short);
        assert_eq!(queue.toasts().len(), 1);
        queue.handle_timeout(start + STAY + 500 * LETTER);
        assert_eq!((queue.toasts().len(), queue.next_timeout()), (0, None));
    }

    #[test]
    fn s1_9_nothing_is_told_twice_and_what_stands_there_is_counted() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        queue.put(start, alert("a", "fails"));
        queue.put(start + 3 * SECOND, alert("a", "fails"));
        assert_eq!(queue.toasts()[0].times, 2);
        let until = queue.next_timeout();
        assert_eq!(until, Some(start + 3 * SECOND + STAY + 5 * LETTER));
        queue.handle_timeout(start + 60 * SECOND);
        queue.put(start + 61 * SECOND, alert("a", "fails"));
        assert!(queue.toasts().is_empty(), "it was told a minute ago");
        assert_eq!(orders(&mut queue).len(), 1);
        queue.put(start + QUIET, alert("a", "fails"));
        assert_eq!(texts(&queue), ["fails"], "after a while it is news again");
    }

    #[test]
    fn news_of_the_same_subject_take_the_place_of_the_old_on_the_desktop_too() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.put(now, alert("a", "connecting"));
        queue.put(now, alert("b", "fails"));
        queue.put(now, alert("a", "fails"));
        assert_eq!(texts(&queue), ["fails", "fails"]);
        let ids: Vec<u32> = orders(&mut queue)
            .into_iter()
            .map(|order| match order {
                Order::Show(popup) => popup.id,
                Order::Withdraw(id) => id,
            })
            .collect();
        assert_eq!(ids, [1, 2, 1]);
        queue.withdraw(&Subject::Line("a".into()));
        assert_eq!(orders(&mut queue), [Order::Withdraw(1)]);
        assert_eq!(queue.toasts().len(), 1);
        queue.put(now, alert("a", "fails"));
        assert_eq!(queue.toasts().len(), 2, "it fails anew");
    }

    #[test]
    fn s1_9_each_kind_is_told_in_the_ways_of_the_settings() {
        for (window, desktop, sound) in [
            (true, true, true),
            (true, false, true),
            (false, true, false),
            (false, false, true),
        ] {
            let chosen = Ways {
                window,
                desktop,
                sound,
            };
            for kind in KINDS {
                let mut rules = Notifications {
                    calls: Ways::default(),
                    tasks: Ways::default(),
                    long_calls: Ways::default(),
                    alerts: Ways::default(),
                    ..Notifications::default()
                };
                match kind {
                    Kind::Call => rules.calls = chosen,
                    Kind::Task => rules.tasks = chosen,
                    Kind::LongCall => rules.long_calls = chosen,
                    _ => rules.alerts = chosen,
                }
                let mut queue = Queue::default();
                queue.set_rules(rules);
                for each in KINDS {
                    let news = Notification {
                        kind: each,
                        ..alert(&format!("{each:?}"), "news")
                    };
                    queue.put(Instant::now(), news);
                }
                let subject = Subject::Line(format!("{kind:?}"));
                assert_eq!(queue.is_in_window(&subject), window, "{kind:?}");
                let toasts = usize::from(window && kind != Kind::Call);
                assert_eq!(queue.toasts().len(), toasts, "{kind:?}");
                let orders = orders(&mut queue);
                assert_eq!(orders.len(), usize::from(desktop), "{kind:?}");
                for order in orders {
                    let heard = matches!(order, Order::Show(popup) if popup.has_sound);
                    assert_eq!(heard, sound, "{kind:?}");
                }
            }
        }
    }

    #[test]
    fn answers_to_what_was_done_come_every_time_whatever_the_settings_say() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let saved =
            || Notification::of_text(Kind::Reply, Tone::Good, String::new(), "Saved".into());
        queue.put(now, saved());
        queue.handle_timeout(now + 60 * SECOND);
        queue.put(now + 61 * SECOND, saved());
        assert_eq!(texts(&queue), ["Saved"]);
        assert!(orders(&mut queue).is_empty());
    }

    #[test]
    fn each_way_back_stands_for_itself() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for offer in [1, 2] {
            queue.put(
                now,
                Notification {
                    kind: Kind::Reply,
                    subject: Subject::Offer(offer),
                    action: "Undo".into(),
                    ..alert("a", "Note deleted")
                },
            );
        }
        assert_eq!(texts(&queue), ["Note deleted", "Note deleted"]);
        assert!(queue.toasts().iter().all(|toast| toast.action == "Undo"));
        assert_eq!(queue.toasts()[1].subject, Subject::Offer(2));
    }

    #[test]
    fn there_is_an_end_to_what_is_shown_and_what_failed_goes_last() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let bad = Notification {
            tone: Tone::Bad,
            ..alert("bad", "failed")
        };
        queue.put(now, bad);
        for line in 0..2 * MAX_TOLD {
            queue.put(now, alert(&line.to_string(), &line.to_string()));
        }
        assert_eq!(queue.toasts().len(), MAX_TOASTS);
        assert_eq!(queue.toasts()[0].text, "failed");
        assert_eq!(queue.toasts()[3].text, (2 * MAX_TOLD - 1).to_string());
        assert!(queue.told.len() <= MAX_TOLD);
    }
}
