//! The ports for the sound.

use std::io::ErrorKind;

use ringbook_media::engine::{bind_rtp_pair, rtp_pairs};

use super::Outcome::Passed;
use super::{Report, failed};
use crate::settings::Settings;
use crate::tr;

/// Whether a call would find ports for its sound, on each address of the settings, and as many calls as there may be.
pub fn check_ports(settings: &Settings, report: &mut Report<'_>) {
    let title = tr!("Audio ports");
    report.begin(&title);
    let range = &settings.media.rtp_ports;
    let ports = format!("{}-{}", range.start(), range.end());
    for ip in &settings.sip.bind {
        match bind_rtp_pair(*ip, range.clone()) {
            Ok(_) => {}
            // No IPv6 on this computer: nothing to bind there for anybody.
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            Err(error) if ip.is_ipv6() && error.kind() != ErrorKind::AddrInUse => {}
            Err(error) => {
                let what = tr!(
                    "no two ports of {ports} can be used ({error})",
                    ports = ports,
                    error = error
                );
                let remedy = tr!(
                    "Set another range in [media] rtp_ports, or end the program that uses these ports."
                );
                return report.done(&title, failed(what, remedy));
            }
        }
    }
    let (pairs, most) = (rtp_pairs(range), settings.phone.max_calls);
    if (pairs as usize) < most {
        let what = tr!(
            "{ports} are ports for {pairs} calls, and [phone] max_calls allows {most}",
            ports = ports,
            pairs = pairs,
            most = most
        );
        let remedy =
            tr!("Set a range of two ports for each call in [media] rtp_ports, or fewer calls.");
        return report.done(&title, failed(what, remedy));
    }
    let text = tr!("{ports} can be used", ports = ports);
    report.done(&title, Passed(text));
}
