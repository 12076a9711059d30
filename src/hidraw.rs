//! The headsets with buttons that are plugged in, as Linux shows them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::headset::descriptor::Telephone;

/// Where the system keeps its HID devices.
#[derive(Debug, Clone)]
pub struct Places {
    /// What is known of them.
    pub known: PathBuf,
    /// How they are opened.
    pub devices: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            known: "/sys/class/hidraw".into(),
            devices: "/dev".into(),
        }
    }
}

/// A headset with buttons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What the system calls its device: `hidraw0`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How it is opened.
    pub device: PathBuf,
    /// Its buttons and lamps.
    pub telephone: Telephone,
    /// Vendor and product, as in the device's name: `0B0E:0307`.
    product: String,
}

impl Found {
    /// The rule for udev that lets whoever sits at the computer open it, and no keyboard of the same maker. It goes by
    /// the name of the HID device, `0003:0B0E:0307.0001`, which headsets by cable and by radio have.
    pub fn rule(&self) -> String {
        format!(
            r#"KERNEL=="hidraw*", KERNELS=="*:{}.*", TAG+="uaccess""#,
            self.product
        )
    }
}

/// Where that rule belongs: before udev gives devices to whoever sits there (73-seat-late).
pub const RULES: &str = "/etc/udev/rules.d/70-headset.rules";

/// Names of the HID devices.
pub fn ids(places: &Places) -> Vec<String> {
    let entries = fs::read_dir(&places.known).into_iter().flatten().flatten();
    let mut ids: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    ids.sort();
    ids
}

/// What a HID device is; none where it is no telephone.
pub fn look(places: &Places, id: &str) -> Option<Found> {
    let known = places.known.join(id).join("device");
    let telephone = Telephone::read(&fs::read(known.join("report_descriptor")).ok()?)?;
    let about = fs::read_to_string(known.join("uevent")).unwrap_or_default();
    let value = |key: &str| {
        let line = about.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|line| line.strip_prefix('=')).unwrap_or("")
    };
    // Bus, vendor and product: 0003:00000B0E:00000307.
    let mut ids = value("HID_ID").split(':').skip(1);
    let mut id_of = || {
        let id = ids.next()?;
        id.get(id.len().saturating_sub(4)..)
    };
    let name = match value("HID_NAME") {
        "" => id,
        name => name,
    };
    Some(Found {
        id: id.to_owned(),
        name: name.to_owned(),
        device: places.devices.join(id),
        telephone,
        product: format!("{}:{}", id_of()?, id_of()?),
    })
}

/// Opens a device for its reports.
///
/// # Errors
/// It may not be opened, or is gone.
pub fn open(device: &Path) -> io::Result<fs::File> {
    fs::File::options().read(true).write(true).open(device)
}
