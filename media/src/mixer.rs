//! Several sounds for one ear.

/// Where the limiter begins: below, sounds pass unchanged.
const KNEE: f32 = 0.8;

/// Adds a frame to another.
pub fn add(frame: &[f32], to: &mut [f32]) {
    for (sum, sample) in to.iter_mut().zip(frame) {
        *sum += sample;
    }
}

/// Bends what has become too loud back below full scale, without the crackle of clipping.
pub fn limit(frame: &mut [f32]) {
    for sample in frame {
        let level = sample.abs();
        if level > KNEE {
            let over = (level - KNEE) / (1.0 - KNEE);
            *sample = sample.signum() * (KNEE + (1.0 - KNEE) * over / (1.0 + over));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{power_at, tone};

    #[test]
    fn both_sounds_are_there_and_quiet_ones_stay_exactly_as_they_were() {
        let (low, high) = (
            tone(8_000, 500.0, 0.3, 8_000),
            tone(8_000, 1_500.0, 0.3, 8_000),
        );
        let mut sum = low.clone();
        add(&high, &mut sum);
        let exact = sum.clone();
        limit(&mut sum);
        assert_eq!(sum, exact);
        assert!((power_at(&sum, 8_000, 500.0) - 0.045).abs() < 1e-3);
        assert!((power_at(&sum, 8_000, 1_500.0) - 0.045).abs() < 1e-3);
    }

    #[test]
    fn however_loud_the_sum_it_stays_below_full_scale_and_keeps_its_order() {
        let mut frame: Vec<f32> = (-400..=400).map(|sample| sample as f32 / 100.0).collect();
        limit(&mut frame);
        assert!(frame.iter().all(|sample| sample.abs() < 1.0));
        assert!(frame.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
