//! What share of our packets will be lost, by what the peer's reports say (RFC 3550 §6.4.1): from
//! it the encoder knows how well to protect them.

/// Before the first report, and while some loss was told of lately, percent at least: copies cost
/// little, and a report that tells of a loss comes seconds after it.
const AT_LEAST: u8 = 5;
/// More than a packet or two in a report's five seconds, percent: then the voice is worth this much
/// protection at least.
const FROM: u8 = 2;
const PROTECTED_FOR: u8 = 8;
/// So many reports without a loss, about five seconds apart, and none is expected: at first, and
/// after a loss.
const CLEAN_AT_FIRST: u8 = 3;
const CLEAN_AFTER_LOSS: u8 = 12;

/// The share expected.
#[derive(Debug)]
pub(super) struct LossOutlook {
    /// Percent: up at once, down slowly.
    percent: u8,
    /// Reports without a loss still to come until none is expected.
    clean_wanted: u8,
}

impl Default for LossOutlook {
    fn default() -> Self {
        LossOutlook {
            percent: AT_LEAST,
            clean_wanted: CLEAN_AT_FIRST,
        }
    }
}

impl LossOutlook {
    /// What is expected, percent.
    pub(super) fn percent(&self) -> u8 {
        self.percent
    }

    /// Takes a report's share of packets lost, 256ths, and tells what to expect, percent.
    pub(super) fn report(&mut self, fraction_lost: u8) -> u8 {
        if fraction_lost > 0 {
            self.clean_wanted = CLEAN_AFTER_LOSS;
        } else {
            self.clean_wanted = self.clean_wanted.saturating_sub(1);
        }
        let lost = (u32::from(fraction_lost) * 100).div_ceil(256) as u8;
        let lost = match lost >= FROM {
            true => lost.max(PROTECTED_FOR),
            false => lost,
        };
        let slowly = self.percent - self.percent / 4;
        self.percent = match self.clean_wanted {
            0 => 0,
            _ => lost.max(slowly).max(AT_LEAST),
        };
        self.percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_expected_at_once_and_forgotten_slowly() {
        let mut outlook = LossOutlook::default();
        assert_eq!(outlook.report(51), 20);
        let after: Vec<u8> = (0..12).map(|_| outlook.report(0)).collect();
        assert!(after.windows(2).all(|pair| pair[1] <= pair[0]), "{after:?}");
        assert!(after[..11].iter().all(|percent| *percent >= AT_LEAST));
        assert_eq!(after[11], 0);
        assert_eq!(outlook.report(1), AT_LEAST);
        assert_eq!(outlook.report(5), PROTECTED_FOR);
        assert_eq!(outlook.report(0), 6);
        assert_eq!(outlook.report(0), AT_LEAST);
    }

    #[test]
    fn a_network_that_loses_nothing_from_the_first_is_soon_believed() {
        let mut outlook = LossOutlook::default();
        assert_eq!([0; 3].map(|lost| outlook.report(lost)), [5, 5, 0]);
    }

    #[test]
    fn no_series_of_reports_leads_beyond_a_hundred_percent() {
        let mut outlook = LossOutlook::default();
        for report in 0..=u8::MAX {
            assert!(outlook.report(report) <= 100);
        }
    }
}
