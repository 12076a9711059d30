//! What a PBX says of a call's outcome, in the words of the call log.

use crate::model::{CallStatus, Direction, EndReason};

/// What a PBX can say became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposition {
    Answered,
    NoAnswer,
    Busy,
    Rejected,
    Cancelled,
    Voicemail,
    Failed,
}

/// Words that PBXs say it by. A word that is not here says nothing.
#[rustfmt::skip]
const WORDS: [(Disposition, &[&str]); 7] = [
    (Disposition::Answered, &[
        "answered", "answer", "connected", "completed", "отвечен", "отвечено", "принят", "принятый", "fogadott",
        "megválaszolt", "تم الرد", "उत्तर दिया",
    ]),
    (Disposition::NoAnswer, &[
        "no answer", "noanswer", "not answered", "unanswered", "missed", "abandoned", "без ответа", "нет ответа",
        "не отвечен", "не отвечено", "пропущен", "пропущенный", "nem fogadott", "nem válaszolt", "لم يتم الرد", "فائتة",
        "कोई उत्तर नहीं", "छूटी",
    ]),
    (Disposition::Busy, &["busy", "занято", "foglalt", "مشغول", "व्यस्त"]),
    (Disposition::Rejected, &[
        "rejected", "declined", "refused", "отклонен", "отклонён", "отклонено", "elutasított", "مرفوضة", "अस्वीकृत",
    ]),
    (Disposition::Cancelled, &[
        "cancelled", "canceled", "cancel", "отменен", "отменён", "отменено", "megszakított", "ملغاة", "रद्द",
    ]),
    (Disposition::Voicemail, &[
        "voicemail", "voice mail", "голосовая почта", "hangposta", "البريد الصوتي", "वॉइसमेल",
    ]),
    (Disposition::Failed, &[
        "failed", "failure", "congestion", "error", "ошибка", "неудача", "sikertelen", "فشل", "विफल",
    ]),
];

/// What a word of the file says; none where it says nothing.
pub(super) fn disposition(text: &str) -> Option<Disposition> {
    let text = text.trim().to_lowercase().replace(['_', '-'], " ");
    let known = WORDS.iter().find(|(_, words)| words.contains(&&*text));
    known.map(|(disposition, _)| *disposition)
}

/// What the log says of it.
pub(super) fn told(
    disposition: Disposition,
    direction: Direction,
) -> (CallStatus, Option<EndReason>) {
    let is_incoming = direction == Direction::Incoming;
    match disposition {
        // Nobody says who hung up.
        Disposition::Answered => (CallStatus::Answered, None),
        Disposition::NoAnswer | Disposition::Cancelled if is_incoming => {
            (CallStatus::Missed, Some(EndReason::NoAnswer))
        }
        Disposition::NoAnswer => (CallStatus::Cancelled, Some(EndReason::NoAnswer)),
        Disposition::Cancelled => (CallStatus::Cancelled, Some(EndReason::Cancelled)),
        Disposition::Busy => (CallStatus::Busy, Some(EndReason::Busy)),
        Disposition::Rejected if is_incoming => (CallStatus::Rejected, Some(EndReason::Rejected)),
        Disposition::Rejected => (CallStatus::Rejected, Some(EndReason::Declined)),
        Disposition::Voicemail if is_incoming => {
            (CallStatus::Voicemail, Some(EndReason::Transferred))
        }
        Disposition::Voicemail => (CallStatus::Voicemail, None),
        Disposition::Failed => (CallStatus::Failed, Some(EndReason::Failed)),
    }
}

/// Whether the application that had a call last is a mailbox, which a PBX counts as an answer.
pub(super) fn is_mailbox(application: &str) -> bool {
    const MAILBOXES: [&str; 3] = ["voicemail", "voicemailmain", "minivmrecord"];
    let application = application.trim().to_lowercase();
    MAILBOXES.contains(&&*application)
}

/// The status of a line: in the log's own word, else in the PBX's. Where no column says it, a talk that
/// was counted does. Whatever is silent is unknown, and never answered.
pub(super) fn status(
    said: Option<&str>,
    has_talk: bool,
    direction: Direction,
) -> (CallStatus, Option<EndReason>) {
    match said {
        Some(text) => match (CallStatus::from_word(text.trim()), disposition(text)) {
            (Some(CallStatus::InProgress) | None, None) => (CallStatus::Unknown, None),
            (_, Some(disposition)) => told(disposition, direction),
            (Some(own), None) => (own, None),
        },
        None if has_talk => told(Disposition::Answered, direction),
        None => (CallStatus::Unknown, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_5_asterisks_mailbox_is_known_by_its_name() {
        assert!(is_mailbox("VoiceMail") && is_mailbox(" voicemailmain"));
        assert!(!is_mailbox("Dial") && !is_mailbox("Queue") && !is_mailbox(""));
    }

    #[test]
    fn s5_8_only_what_a_source_says_is_answered() {
        let status = |said, has_talk| status(said, has_talk, Direction::Incoming).0;
        for (said, expected) in [
            ("ANSWERED", CallStatus::Answered),
            ("Answered", CallStatus::Answered),
            ("NO ANSWER", CallStatus::Missed),
            ("NO_ANSWER", CallStatus::Missed),
            ("BUSY", CallStatus::Busy),
            ("FAILED", CallStatus::Failed),
            ("CONGESTION", CallStatus::Failed),
            ("Не отвечен", CallStatus::Missed),
            ("nem fogadott", CallStatus::Missed),
            ("one_way", CallStatus::OneWay),
            ("in_progress", CallStatus::Unknown),
            ("", CallStatus::Unknown),
            ("VOICEMAIL", CallStatus::Voicemail),
            ("Голосовая почта", CallStatus::Voicemail),
        ] {
            assert_eq!(status(Some(said), true), expected, "{said}");
        }
        assert_eq!(status(None, true), CallStatus::Answered);
        assert_eq!(status(None, false), CallStatus::Unknown);
    }
}
