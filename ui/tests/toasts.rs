//! Messages at the window's lower edge: whatever they say is seen whole.

use crate::support;

use i_slint_backend_testing::ElementHandle;
use ringbook_ui::slint::{ComponentHandle, LogicalSize, SharedString};
use ringbook_ui::*;

/// Two hundred characters that end in `word`.
fn long(sentence: &str, word: &str) -> String {
    let wanted = 200 - word.chars().count();
    let body: String = sentence.chars().cycle().take(wanted).collect();
    body + word
}

/// A window of this size with one message.
fn window(text: &str, rtl: bool, scale: f32, (width, height): (f32, f32)) -> MainWindow {
    let window = MainWindow::new().unwrap();
    window.global::<Reading>().set_rtl(rtl);
    window.global::<Theme>().set_text_scale(scale);
    let notice = Notice {
        id: 1,
        tone: Tone::Bad,
        text: text.into(),
        action: SharedString::new(),
    };
    let shell = window.global::<WindowAdapter>();
    shell.set_notices(support::sample::model(vec![notice]));
    window.window().set_size(LogicalSize::new(width, height));
    window.show().unwrap();
    support::settle();
    window
}

/// Where two pictures differ: left, top, right and bottom edge. None where nowhere.
fn difference(a: &MainWindow, b: &MainWindow) -> Option<[f32; 4]> {
    let a = a.window().take_snapshot().unwrap();
    let b = b.window().take_snapshot().unwrap();
    let pairs = a.as_slice().iter().zip(b.as_slice()).enumerate();
    let points = pairs.filter(|(_, (a, b))| a != b).map(|(index, _)| {
        let index = index as u32;
        ((index % a.width()) as f32, (index / a.width()) as f32)
    });
    points.fold(None, |edges, (x, y)| {
        let [left, top, right, bottom] = edges.unwrap_or([x, y, x, y]);
        Some([left.min(x), top.min(y), right.max(x), bottom.max(y)])
    })
}

#[test]
fn a_long_message_is_seen_to_its_last_word() {
    support::start();
    let latin = (
        "The database cannot be written; calls go on. ",
        "one",
        "two",
    );
    let arabic = (
        "لا يمكن الكتابة إلى قاعدة البيانات والمكالمات مستمرة. ",
        "نعم",
        "كلا",
    );
    for ((sentence, one, two), rtl) in [(latin, false), (arabic, true)] {
        for scale in [1.0, 2.0] {
            for size in [(320.0, 640.0), (1080.0, 720.0)] {
                let [a, b] = [one, two].map(|word| window(&long(sentence, word), rtl, scale, size));
                let name = format!("rtl {rtl}, text {scale}, {size:?}");
                let [left, top, right, bottom] = difference(&a, &b)
                    .unwrap_or_else(|| panic!("{name}: the last word is not seen"));
                let text = long(sentence, one);
                let toast = ElementHandle::find_by_accessible_label(&a, &text)
                    .next()
                    .unwrap();
                let (at, area) = (toast.absolute_position(), toast.size());
                assert!(
                    at.y >= 0.0 && at.x >= 0.0,
                    "{name}: the message leaves the window"
                );
                assert!(
                    at.x + area.width <= size.0,
                    "{name}: the message leaves the window"
                );
                assert!(left >= at.x && right <= at.x + area.width, "{name}: beside");
                assert!(top >= at.y && bottom <= at.y + area.height, "{name}: below");
            }
        }
    }
}
