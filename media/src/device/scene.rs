//! What a sound server has at one moment, and which device of it serves a wish: pure.

/// The sink that PulseAudio and PipeWire make up while there is none: whatever is played there nobody hears.
const DUMMY: &str = "auto_null";

/// A sink or a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// What programs call it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Told apart from one of the same name that was there before.
    pub index: u32,
    /// Samples a second.
    pub rate: u32,
    /// It is what a sink plays, and no microphone.
    pub is_monitor: bool,
}

/// The devices of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices {
    /// All of them.
    pub present: Vec<Present>,
    /// The name of the one that the system uses by default.
    pub default: Option<String>,
}

/// The devices of a sound server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// Where sound is played.
    pub sinks: Devices,
    /// Where sound comes from.
    pub sources: Devices,
}

impl Devices {
    /// The device by what people or programs call it.
    pub fn named(&self, name: &str) -> Option<&Present> {
        let by_title = || self.present.iter().find(|device| device.title == name);
        let by_name = |device: &&Present| device.name == name;
        self.present.iter().find(by_name).or_else(by_title)
    }

    /// The system's default, where something is behind it. A system without a microphone calls what its loudspeaker plays
    /// the default: that is said by no person, and is used by its name alone.
    pub fn default(&self) -> Option<&Present> {
        let default = self.default.as_deref()?;
        self.present
            .iter()
            .find(|device| device.name == default)
            .filter(|device| !device.is_monitor && !is_dummy(&device.name))
    }

    /// What serves a wish, the best first: the device of this name, else the default.
    pub fn candidates(&self, wanted: Option<&str>) -> Vec<&Present> {
        let mut candidates: Vec<_> = wanted
            .and_then(|name| self.named(name))
            .into_iter()
            .collect();
        let default = self.default();
        candidates.extend(default.filter(|default| !candidates.contains(default)));
        candidates
    }
}

fn is_dummy(name: &str) -> bool {
    name.strip_suffix(".monitor").unwrap_or(name) == DUMMY
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn devices(names: &[&str], default: Option<&str>) -> Devices {
        let present = names.iter().enumerate().map(|(index, name)| Present {
            name: (*name).into(),
            title: format!("The {name}"),
            index: index as u32,
            rate: 48_000,
            is_monitor: name.ends_with(".monitor"),
        });
        Devices {
            present: present.collect(),
            default: default.map(Into::into),
        }
    }

    fn names(devices: &Devices, wanted: Option<&str>) -> Vec<String> {
        let candidates = devices.candidates(wanted);
        candidates
            .into_iter()
            .map(|device| device.name.clone())
            .collect()
    }

    #[test]
    fn a_name_comes_before_the_default_and_the_default_steps_in() {
        let two = devices(&["speakers", "headset"], Some("speakers"));
        assert_eq!(names(&two, None), ["speakers"]);
        assert_eq!(names(&two, Some("headset")), ["headset", "speakers"]);
        assert_eq!(names(&two, Some("The headset")), ["headset", "speakers"]);
        assert_eq!(names(&two, Some("speakers")), ["speakers"]);
        assert_eq!(names(&two, Some("phone")), ["speakers"]);
    }

    #[test]
    fn what_a_loudspeaker_plays_is_no_microphone_unless_it_is_named() {
        let two = devices(&["speakers.monitor", "headset"], Some("speakers.monitor"));
        assert!(names(&two, None).is_empty());
        assert_eq!(names(&two, Some("speakers.monitor")), ["speakers.monitor"]);
        assert_eq!(names(&two, Some("headset")), ["headset"]);
    }

    #[test]
    fn a_dummy_that_nobody_hears_is_no_default() {
        for dummy in ["auto_null", "auto_null.monitor"] {
            let none = devices(&[dummy], Some(dummy));
            assert!(names(&none, None).is_empty());
            assert!(names(&none, Some("headset")).is_empty());
        }
        assert!(names(&devices(&[], None), None).is_empty());
        assert!(names(&devices(&["speakers"], Some("gone")), None).is_empty());
    }
}
