//! What the window's tests share: a backend without a display, sample data, pictures.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod audio;
pub mod book;
pub mod calls;
pub mod sample;
pub mod table;
pub mod tasks;

use std::cell::Cell;
use std::collections::HashMap;
use std::path::PathBuf;

use i_slint_backend_testing::{
    AccessibleRole, ElementHandle, ElementQuery, TestingBackend, TestingBackendOptions,
};
use ringbook_ui::slint::platform::WindowEvent;
use ringbook_ui::slint::{self, ComponentHandle, LogicalSize, SharedString};

/// Chooses a backend that draws with the real software renderer but needs no display.
pub fn start() {
    thread_local! {
        static STARTED: Cell<bool> = const { Cell::new(false) };
    }
    if STARTED.replace(true) {
        return;
    }
    let options = TestingBackendOptions {
        mock_time: true,
        threading: false,
        renderer_name: Some("software".into()),
    };
    slint::platform::set_platform(Box::new(TestingBackend::new(options))).unwrap();
    ringbook_ui::fonts::install();
}

/// What was copied last.
pub fn clipboard() -> String {
    use ringbook_ui::slint::platform::Key;

    // There is no way to ask for it but to paste it somewhere.
    let window = ringbook_ui::MainWindow::new().unwrap();
    let shell = window.global::<ringbook_ui::WindowAdapter>();
    window.show().unwrap();
    shell.set_searching(true);
    settle();
    let event = |event| window.window().dispatch_event(event);
    event(WindowEvent::WindowActiveChanged(true));
    event(WindowEvent::KeyPressed {
        text: Key::Control.into(),
    });
    event(WindowEvent::KeyPressed { text: "v".into() });
    settle();
    shell.get_query().into()
}

/// Shows a window of this size that has the keyboard.
pub fn show(window: &ringbook_ui::MainWindow, width: f32, height: f32) {
    window.window().set_size(LogicalSize::new(width, height));
    window.show().unwrap();
    let active = WindowEvent::WindowActiveChanged(true);
    window.window().dispatch_event(active);
    settle();
}

/// Lets bindings, repeaters and animations settle.
pub fn settle() {
    for _ in 0..4 {
        i_slint_backend_testing::mock_elapsed_time(std::time::Duration::from_millis(100));
    }
}

/// Presses a key and lets it go.
pub fn press(window: &impl ComponentHandle, text: impl Into<SharedString>) {
    let text = text.into();
    let event = |event| window.window().dispatch_event(event);
    event(WindowEvent::KeyPressed { text: text.clone() });
    event(WindowEvent::KeyReleased { text });
    settle();
}

/// The elements that a screen reader meets in the window: what they are called and where they are.
pub fn told(component: &impl ComponentHandle) -> Vec<(String, ElementHandle)> {
    let all = ElementQuery::from_root(component)
        .match_descendants()
        .find_all();
    all.into_iter()
        .filter_map(|element| Some((element.accessible_label()?.to_string(), element)))
        .filter(|(label, element)| !label.is_empty() && element.size().height > 0.0)
        .collect()
}

/// The control of this role and name.
pub fn control(
    component: &impl ComponentHandle,
    role: AccessibleRole,
    label: &str,
) -> ElementHandle {
    let label = label.to_owned();
    let named = move |element: &ElementHandle| {
        let name = element.accessible_label();
        name.is_some_and(|name| name == label.as_str())
    };
    let control = ElementQuery::from_root(component)
        .match_descendants()
        .match_accessible_role(role)
        .match_predicate(named)
        .find_first();
    control.unwrap()
}

/// The button of this name.
pub fn button(component: &impl ComponentHandle, label: &str) -> ElementHandle {
    control(component, AccessibleRole::Button, label)
}

/// What of what is told stands out of a window of this width.
pub fn outside(component: &impl ComponentHandle, width: f32) -> Vec<String> {
    let out = |(label, element): (String, ElementHandle)| {
        let (at, size) = (element.absolute_position(), element.size());
        let within = at.x >= -0.5 && at.x + size.width <= width + 0.5;
        (!within).then(|| format!("{label:?} is at {at:?} with {size:?}"))
    };
    told(component).into_iter().filter_map(out).collect()
}

/// Fails where something that is told stands out of a window of this width.
pub fn assert_within(component: &impl ComponentHandle, width: f32, what: &str) {
    let outside = outside(component, width);
    assert!(outside.is_empty(), "{what}: {outside:#?}");
}

/// Controls that cover a part of each other, which neither holds.
pub fn covered(component: &impl ComponentHandle) -> Vec<String> {
    const CONTROLS: [AccessibleRole; 6] = [
        AccessibleRole::Button,
        AccessibleRole::Combobox,
        AccessibleRole::Slider,
        AccessibleRole::Switch,
        AccessibleRole::Tab,
        AccessibleRole::TextInput,
    ];
    let controls: Vec<(String, [f32; 4])> = told(component)
        .into_iter()
        .filter(|(_, one)| {
            one.accessible_role()
                .is_some_and(|role| CONTROLS.contains(&role))
        })
        .map(|(label, one)| {
            let (at, size) = (one.absolute_position(), one.size());
            (label, [at.x, at.y, at.x + size.width, at.y + size.height])
        })
        .collect();
    // Neighbours may share a line.
    let meet =
        |a: &[f32; 4], b: &[f32; 4]| (0..2).all(|i| a[i].max(b[i]) + 1.0 < a[i + 2].min(b[i + 2]));
    let holds = |a: &[f32; 4], b: &[f32; 4]| (0..2).all(|i| a[i] <= b[i] && b[i + 2] <= a[i + 2]);
    let mut covered = Vec::new();
    for (at, (label, one)) in controls.iter().enumerate() {
        for (other_label, other) in &controls[at + 1..] {
            if meet(one, other) && !holds(one, other) && !holds(other, one) {
                covered.push(format!(
                    "{label:?} at {one:?} and {other_label:?} at {other:?}"
                ));
            }
        }
    }
    covered
}

/// Each pixel of an element as drawn, row by row: whether it is anything but the ground, which is
/// the colour that most of them have.
pub fn shape(component: &impl ComponentHandle, element: &ElementHandle) -> Vec<bool> {
    let (at, size) = (element.absolute_position(), element.size());
    let picture = component.window().take_snapshot().unwrap();
    let inside = |index: usize| {
        let (x, y) = (
            (index as u32 % picture.width()) as f32 - at.x,
            (index as u32 / picture.width()) as f32 - at.y,
        );
        (0.0..size.width).contains(&x) && (0.0..size.height).contains(&y)
    };
    let pixels: Vec<[u8; 3]> = picture
        .as_slice()
        .iter()
        .enumerate()
        .filter(|(index, _)| inside(*index))
        .map(|(_, pixel)| [pixel.r, pixel.g, pixel.b])
        .collect();
    let mut counts = HashMap::<[u8; 3], usize>::new();
    for pixel in &pixels {
        *counts.entry(*pixel).or_default() += 1;
    }
    let ground = counts.into_iter().max_by_key(|(_, count)| *count);
    let ground = ground.map(|(colour, _)| colour).unwrap();
    let differs = |pixel: &[u8; 3]| (0..3).any(|i| pixel[i].abs_diff(ground[i]) > 48);
    pixels.iter().map(differs).collect()
}

/// How much of an element is not ground.
pub fn ink(component: &impl ComponentHandle, element: &ElementHandle) -> usize {
    let shape = shape(component, element);
    shape.into_iter().filter(|drawn| *drawn).count()
}

/// `target/screenshots` of the workspace.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Draws the window at a size, writes `target/screenshots/NAME.png`, and gives the pixels.
pub fn picture(component: &impl ComponentHandle, name: &str, width: f32, height: f32) -> Vec<u8> {
    let window = component.window();
    window.set_size(LogicalSize::new(width, height));
    settle();
    let pixels = window.take_snapshot().expect("the renderer draws");
    let file = folder().join(format!("{name}.png"));
    image::save_buffer(
        &file,
        pixels.as_bytes(),
        pixels.width(),
        pixels.height(),
        image::ColorType::Rgba8,
    )
    .unwrap();
    pixels.as_bytes().to_vec()
}
