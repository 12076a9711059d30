//! Microphones and loudspeakers.

use std::rc::Rc;

use ringbook_ui::SettingsAdapter;
use ringbook_ui::slint::{ComponentHandle, ModelRc, SharedString, VecModel};

use super::SettingsPage;
use crate::tr;
use crate::ui::text;

impl SettingsPage {
    /// Fills the lists of microphones and loudspeakers.
    pub async fn load_devices(self: Rc<Self>) {
        let (done, waiting) = tokio::sync::oneshot::channel();
        // Asking the sound system may take a second.
        std::thread::spawn(move || drop(done.send(ringbook_media::device::present())));
        let (inputs, outputs) = waiting.await.unwrap_or_default();
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<SettingsAdapter>();
        if inputs.is_empty() || outputs.is_empty() {
            let text = tr!(
                "No sound device was found. Calls work, but without sound, until one is plugged in."
            );
            adapter.set_audio_problem(text.into());
        }
        let audio = self
            .phone
            .settings()
            .map(|settings| settings.audio)
            .unwrap_or_default();
        let (names, index) = device_list(inputs, &audio.input);
        adapter.set_inputs(titles(&names));
        adapter.set_input(index);
        *self.inputs.borrow_mut() = names;
        let (names, index) = device_list(outputs, &audio.output);
        let ring = names
            .iter()
            .position(|name| *name == audio.ring)
            .unwrap_or(0);
        adapter.set_outputs(titles(&names));
        adapter.set_output(index);
        adapter.set_ring(i32::try_from(ring).unwrap_or(0));
        *self.outputs.borrow_mut() = names;
    }
}

/// The default, the devices present, and the one in the settings where it is neither.
fn device_list(present: Vec<String>, chosen: &str) -> (Vec<String>, i32) {
    let mut names = vec!["default".to_owned()];
    names.extend(
        present
            .into_iter()
            .filter(|name| name != "default" && !name.is_empty()),
    );
    names.dedup();
    let at = names
        .iter()
        .position(|name| name == chosen)
        .unwrap_or_else(|| {
            names.push(chosen.to_owned());
            names.len() - 1
        });
    (names, i32::try_from(at).unwrap_or(0))
}

fn titles(names: &[String]) -> ModelRc<SharedString> {
    let title = |name: &String| match name.as_str() {
        "default" => tr!("As the system").into(),
        name => text::line(name),
    };
    ModelRc::from(Rc::new(VecModel::from(
        names.iter().map(title).collect::<Vec<_>>(),
    )))
}

/// The name at a place of the list.
pub(super) fn device(names: &[String], index: i32) -> String {
    let name = usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index));
    name.cloned().unwrap_or_else(|| "default".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_gone_stays_chosen() {
        let (names, at) = device_list(vec!["Headset".into()], "USB phone");
        assert_eq!(names, ["default", "Headset", "USB phone"]);
        assert_eq!(at, 2);
    }
}
