//! What the window hears of besides calls and lines.

use std::collections::VecDeque;

use super::view::NoticeView;
use crate::automation::{Body, Notice};
use crate::now::Now;

/// The notices that are kept.
const NOTICES: usize = 20;

/// The latest of what was told.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The newest last.
    pub(super) notices: VecDeque<NoticeView>,
    /// Counts the news of tasks, and of the clients who are named in them.
    pub(super) tasks: u64,
    /// Counts what people wrote of calls.
    pub(super) marks: u64,
}

impl News {
    pub(super) fn note(&mut self, now: Now, body: &Body) {
        match body {
            Body::Notice(Notice { kind, text, call }) => {
                if self.notices.len() == NOTICES {
                    self.notices.pop_front();
                }
                self.notices.push_back(NoticeView {
                    at: now.wall,
                    kind: *kind,
                    text: text.clone(),
                    call: *call,
                });
            }
            Body::Task(_) => self.tasks += 1,
            Body::Marks { .. } => self.marks += 1,
            _ => {}
        }
    }
}
