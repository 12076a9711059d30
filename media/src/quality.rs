//! How good the call sounds, estimated: the E-model of ITU-T G.107 and, for wide-band codecs,
//! G.107.1, reduced to what a stream knows of itself.

use crate::codec::Codec;

/// What the estimate is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Path {
    /// The codec heard.
    pub codec: Codec,
    /// Share of packets not heard, lost or late, `0.0..=1.0`.
    pub loss: f32,
    /// How much longer runs of missing packets are than chance would make them (BurstR), at least
    /// one.
    pub burst_ratio: f32,
    /// One way from mouth to ear, ms.
    pub delay_ms: f32,
}

/// What people would think of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// The transmission rating R of the conversation, 0 to 100, on the narrow-band scale.
    pub rating: f32,
    /// The mean opinion score of one who only listens (MOS-LQ), `1.0..=4.5`.
    pub listening: f32,
    /// The same of one who talks, too, and waits for answers (MOS-CQ).
    pub conversational: f32,
}

/// The codec's impairment without loss (Ie) and its robustness to loss (Bpl), G.113 appendices
/// I and IV; for Opus, which has no entry there, in the manner of EVS with FEC.
fn impairment(codec: Codec) -> (f32, f32) {
    match codec {
        Codec::Pcmu | Codec::Pcma => (0.0, 25.1),
        Codec::G722 => (13.0, 13.0),
        Codec::Opus => (5.0, 30.0),
    }
}

/// What people would think of the path.
///
/// A wide-band path starts at R = 129 on its own scale and is brought to the common one by
/// dividing by 1.29 (G.107.1 §7), so a codec's scores compare only roughly with another's.
pub fn scores(path: &Path) -> Scores {
    let wide = path.codec.sample_rate() > 8_000;
    let best = if wide { 129.0 } else { 93.2 };
    let (codec, robustness) = impairment(path.codec);
    let percent = (path.loss * 100.0).clamp(0.0, 100.0);
    // G.107 §7.3: Ie,eff = Ie + (95 - Ie) * Ppl / (Ppl / BurstR + Bpl).
    let spread = percent / path.burst_ratio.max(1.0) + robustness;
    let equipment = codec + (95.0 - codec) * percent / spread;
    let common = |rating: f32| if wide { rating / 1.29 } else { rating };
    let listening = common(best - equipment);
    let rating = common(best - equipment - delay_impairment(path.delay_ms));
    Scores {
        rating: rating.clamp(0.0, 100.0),
        listening: to_mos(listening),
        conversational: to_mos(rating),
    }
}

/// The mean opinion score of a conversation over the path, `1.0..=4.5`.
pub fn mos(path: &Path) -> f32 {
    scores(path).conversational
}

/// Id of G.107 §7.2, in the usual straight-line form: grows faster past 177.3 ms.
fn delay_impairment(delay_ms: f32) -> f32 {
    0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0)
}

/// G.107 annex B.
fn to_mos(rating: f32) -> f32 {
    if rating <= 0.0 {
        return 1.0;
    }
    if rating >= 100.0 {
        return 4.5;
    }
    let mos = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    mos.clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODECS: [Codec; 4] = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];

    fn path(codec: Codec, loss: f32, delay_ms: f32) -> Path {
        Path {
            codec,
            loss,
            burst_ratio: 1.0,
            delay_ms,
        }
    }

    #[test]
    fn a_clean_g711_call_scores_4_4_as_the_recommendation_says() {
        let mos = mos(&path(Codec::Pcmu, 0.0, 0.0));
        assert!((mos - 4.41).abs() < 0.01, "{mos}");
    }

    #[test]
    fn loss_and_delay_only_ever_lower_the_score_within_its_scale() {
        for codec in CODECS {
            let mut last = f32::MAX;
            for step in 0..=20 {
                let mos = mos(&path(codec, step as f32 / 20.0, 20.0));
                assert!((1.0..=4.5).contains(&mos) && mos <= last);
                last = mos;
            }
            assert!(mos(&path(codec, 0.0, 20.0)) > 4.0, "{codec}");
            assert!(
                mos(&path(codec, 0.0, 400.0)) < mos(&path(codec, 0.0, 100.0)),
                "{codec}"
            );
        }
    }

    #[test]
    fn who_only_listens_minds_no_delay_and_losses_in_runs_are_worse() {
        for codec in CODECS {
            let near = scores(&path(codec, 0.03, 20.0));
            let far = scores(&path(codec, 0.03, 400.0));
            assert_eq!(near.listening, far.listening);
            assert!(far.conversational < near.conversational);
            assert!(near.conversational < near.listening);
            let runs = scores(&Path {
                burst_ratio: 3.0,
                ..path(codec, 0.03, 20.0)
            });
            assert!(runs.listening < near.listening, "{codec}");
        }
        // G.107 §7.3 by hand: 95 * 5 / (5 / 2 + 25.1) = 17.2 off 93.2.
        let scores = scores(&Path {
            burst_ratio: 2.0,
            ..path(Codec::Pcma, 0.05, 0.0)
        });
        assert!((scores.rating - 75.99).abs() < 0.05, "{}", scores.rating);
    }

    #[test]
    fn opus_bears_loss_better_than_g711() {
        let opus = mos(&path(Codec::Opus, 0.05, 50.0));
        assert!(opus > mos(&path(Codec::Pcma, 0.05, 50.0)));
    }
}
