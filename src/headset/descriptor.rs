//! Which buttons and lamps of a telephone a HID report descriptor has, and in which bits of its reports.
//!
//! HID 1.11 §6.2.2 and the HID Usage Tables: page 0x0B (Telephony Device), page 0x08 (LED).

use hidreport::{Field, FieldAttributes as _, Report as _, ReportDescriptor, Usage};

/// A button of a telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Takes and ends calls (Hook Switch).
    Hook,
    /// Phone Mute.
    Mute,
    /// Flash: to another call and back.
    Flash,
    /// Redial.
    Redial,
    /// Drop: ends or refuses a call.
    Drop,
    /// Hold.
    Hold,
}

/// A lamp of a telephone; a headset makes of it what it likes: a light, a tone, or the state of its radio link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lamp {
    /// A call is up.
    OffHook,
    /// Somebody calls.
    Ring,
    /// The microphone is off.
    Mute,
    /// The other party is on hold.
    Hold,
}

/// A button's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ButtonBit {
    /// Which button.
    pub button: Button,
    /// It stays as it was left, and says how it stands; other ones are pressed and let go.
    pub latches: bool,
    report: Option<u8>,
    bit: usize,
}

/// A lamp's place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LampBit {
    lamp: Lamp,
    report: Option<u8>,
    bit: usize,
    bytes: usize,
}

/// The telephone that a descriptor describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telephone {
    buttons: Vec<ButtonBit>,
    lamps: Vec<LampBit>,
}

/// What a usage is, of those that concern a telephone.
fn button(usage: &Usage) -> Option<Button> {
    Some(match u32::from(usage) {
        0x000B_0020 => Button::Hook,
        0x000B_0021 => Button::Flash,
        0x000B_0023 => Button::Hold,
        0x000B_0024 => Button::Redial,
        0x000B_0026 => Button::Drop,
        0x000B_002F => Button::Mute,
        _ => return None,
    })
}

fn lamp(usage: &Usage) -> Option<Lamp> {
    Some(match u32::from(usage) {
        0x0008_0009 => Lamp::Mute,
        0x0008_0017 => Lamp::OffHook,
        0x0008_0018 => Lamp::Ring,
        0x0008_0020 => Lamp::Hold,
        _ => return None,
    })
}

/// The longest field that a headset has, in bits, and the most of one kind.
const LONGEST_FIELD: u32 = 256;
const MOST_FIELDS: u32 = 4_096;

/// Whether the descriptor's items (Device Class Definition for HID 1.11, §6.2.2) are such that reading them takes bounded
/// time and memory: `hidreport` makes a list of as many usages and fields as they say, and wants a usage page ahead of
/// the first usage.
fn is_sensible(descriptor: &[u8]) -> bool {
    const USAGE_PAGE: u8 = 0x04;
    const REPORT_SIZE: u8 = 0x74;
    const REPORT_COUNT: u8 = 0x94;
    const USAGE_MINIMUM: u8 = 0x18;
    const USAGE_MAXIMUM: u8 = 0x28;
    const LONG_ITEM: u8 = 0xfe;

    let mut rest = descriptor;
    let mut has_page = false;
    while let Some((&prefix, after)) = rest.split_first() {
        let len = [0, 1, 2, 4][usize::from(prefix & 3)];
        let Some((data, after)) = after.split_at_checked(len) else {
            return false;
        };
        let value = data.iter().rev();
        let value = value.fold(0, |value, octet| value << 8 | u32::from(*octet));
        let is_fine = match prefix & !3 {
            _ if prefix == LONG_ITEM => false,
            USAGE_PAGE => len > 0,
            REPORT_SIZE => value <= LONGEST_FIELD,
            REPORT_COUNT => value <= MOST_FIELDS,
            // With four octets they would name pages, too, and might reach over several.
            USAGE_MINIMUM | USAGE_MAXIMUM => len < 4,
            _ => true,
        };
        has_page |= prefix & !3 == USAGE_PAGE;
        if !is_fine || !has_page {
            return false;
        }
        rest = after;
    }
    true
}

impl Telephone {
    /// The telephone in a report descriptor; none where it has neither a hook switch nor a mute button.
    pub fn read(descriptor: &[u8]) -> Option<Self> {
        if !is_sensible(descriptor) {
            return None;
        }
        let descriptor = ReportDescriptor::try_from(descriptor).ok()?;
        let mut telephone = Self {
            buttons: Vec::new(),
            lamps: Vec::new(),
        };
        for report in descriptor.input_reports() {
            for field in report.fields() {
                if let Field::Variable(field) = field
                    && let Some(button) = button(&field.usage)
                    && !telephone.has(button)
                {
                    telephone.buttons.push(ButtonBit {
                        button,
                        // A hook is on or off even where its descriptor says that it springs back.
                        latches: field.is_absolute()
                            && (button == Button::Hook || field.has_no_preferred_state()),
                        report: report.report_id().map(u8::from),
                        bit: field.bits.start,
                    });
                }
            }
        }
        for report in descriptor.output_reports() {
            for field in report.fields() {
                if let Field::Variable(field) = field
                    && let Some(lamp) = lamp(&field.usage)
                    && !telephone.lamps.iter().any(|known| known.lamp == lamp)
                {
                    telephone.lamps.push(LampBit {
                        lamp,
                        report: report.report_id().map(u8::from),
                        bit: field.bits.start,
                        bytes: report.size_in_bytes(),
                    });
                }
            }
        }
        let is_one = telephone.has(Button::Hook) || telephone.has(Button::Mute);
        is_one.then_some(telephone)
    }

    fn has(&self, button: Button) -> bool {
        self.buttons.iter().any(|known| known.button == button)
    }

    /// How the buttons stand that a report tells of.
    pub fn buttons<'a>(&'a self, report: &'a [u8]) -> impl Iterator<Item = (&'a ButtonBit, bool)> {
        let of_report = |bit: &&ButtonBit| {
            let id = bit.report;
            id.is_none() || id == report.first().copied()
        };
        self.buttons.iter().filter(of_report).filter_map(|bit| {
            let byte = report.get(bit.bit / 8)?;
            Some((bit, byte >> (bit.bit % 8) & 1 == 1))
        })
    }

    /// The reports that switch the lamps, as they are written to the device: the number of the report first, 0 where it
    /// has none.
    pub fn lamp_reports(&self, is_on: impl Fn(Lamp) -> bool) -> Vec<Vec<u8>> {
        let mut reports: Vec<(Option<u8>, Vec<u8>)> = Vec::new();
        for lamp in &self.lamps {
            let known = reports.iter().position(|(id, _)| *id == lamp.report);
            let at = known.unwrap_or_else(|| {
                let mut report = vec![0; lamp.bytes];
                match (lamp.report, report.first_mut()) {
                    (Some(id), Some(first)) => *first = id,
                    _ => report.insert(0, 0),
                }
                reports.push((lamp.report, report));
                reports.len() - 1
            });
            // A report without a number has a 0 in front of it.
            let bit = lamp.bit + if lamp.report.is_none() { 8 } else { 0 };
            if is_on(lamp.lamp)
                && let Some(byte) = reports[at].1.get_mut(bit / 8)
            {
                *byte |= 1 << (bit % 8);
            }
        }
        reports.into_iter().map(|(_, report)| report).collect()
    }
}
