//! What sound cards' callbacks do: they run under the system's hard deadline and may neither allocate, lock, log nor
//! wait.

use cpal::{FromSample, Sample};
use rtrb::{Consumer, Producer};

use super::bridge::LowWater;

/// Channels that a voice is taken from and given to: of more than two the rest are other instruments and loudspeakers
/// at the sides.
const VOICE_CHANNELS: usize = 2;

/// A card has captured `samples` of so many channels: their voice goes into the ring.
pub fn captured<T: Sample>(samples: &[T], channels: usize, ring: &mut Producer<f32>)
where
    f32: FromSample<T>,
{
    let channels = channels.max(1);
    let of_voice = channels.min(VOICE_CHANNELS);
    for frame in samples.chunks_exact(channels) {
        let voice = frame[..of_voice].iter();
        let sum: f32 = voice.map(|sample| sample.to_sample::<f32>()).sum();
        // A full ring means that nobody listens.
        if ring.push(sum / of_voice as f32).is_err() {
            return;
        }
    }
}

/// A card plays `samples` of so many channels next: what is in the ring, and silence where that is not enough.
pub fn play<T: Sample + FromSample<f32>>(
    samples: &mut [T],
    channels: usize,
    ring: &mut Consumer<f32>,
    low_water: &LowWater,
) {
    if samples.is_empty() {
        return;
    }
    let channels = channels.max(1);
    low_water.takes(samples.len().div_ceil(channels));
    let mut is_dry = false;
    for frame in samples.chunks_mut(channels) {
        let sample = ring.pop();
        is_dry |= sample.is_err();
        let of_voice = frame.len().min(VOICE_CHANNELS);
        let (voice, others) = frame.split_at_mut(of_voice);
        voice.fill(T::from_sample(sample.unwrap_or(0.0)));
        others.fill(T::EQUILIBRIUM);
    }
    if is_dry {
        low_water.dry();
    } else {
        low_water.left(ring.slots());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use cpal::{I24, U24};
    use rtrb::RingBuffer;

    /// Blocks as systems hand them over: of any size, none, a single sample, a frame cut short.
    const BLOCKS: [usize; 9] = [0, 1, 7, 63, 64, 441, 480, 1_023, 4_096];

    /// A voice there and back through samples of one type, with rings that run full and dry; counts allocations.
    fn there_and_back<T: Sample + FromSample<f32> + std::fmt::Debug>(step: f32)
    where
        f32: FromSample<T>,
    {
        for channels in [1, 2, 3, 8] {
            let voice = |index: usize| (index % 200) as f32 / 200.0 - 0.5;
            let (mut said, mut ring) = RingBuffer::new(2_000);
            let (mut heard, mut captured_ring) = RingBuffer::new(1_500);
            let low_water = LowWater::default();
            let mut block = [T::EQUILIBRIUM; 4_096 * 8];
            let (mut next, mut expected) = (0, 0);
            for size in BLOCKS {
                while said.push(voice(next)).is_ok() {
                    next += 1;
                }
                let block = &mut block[..size * channels];
                let counted = allocation_counter::measure(|| {
                    play(block, channels, &mut ring, &low_water);
                    captured(block, channels, &mut heard);
                });
                assert_eq!(
                    counted.count_total, 0,
                    "{size} samples of {channels} channels"
                );
                let mut place = 0;
                while let Ok(sample) = captured_ring.pop() {
                    let wanted = voice(expected + place);
                    assert!((sample - wanted).abs() <= step, "{sample} for {wanted}");
                    place += 1;
                }
                assert_eq!(place, size.min(1_500));
                expected = next - ring.slots();
            }
        }
    }

    #[test]
    fn every_format_carries_a_voice_in_blocks_of_any_size_without_allocating() {
        there_and_back::<f32>(1e-6);
        there_and_back::<f64>(1e-6);
        there_and_back::<i8>(0.01);
        there_and_back::<i16>(1e-4);
        there_and_back::<I24>(1e-6);
        there_and_back::<i32>(1e-6);
        there_and_back::<i64>(1e-6);
        there_and_back::<u8>(0.01);
        there_and_back::<u16>(1e-4);
        there_and_back::<U24>(1e-6);
        there_and_back::<u32>(1e-6);
        there_and_back::<u64>(1e-6);
    }

    #[test]
    fn what_the_ring_lacks_is_silence_and_what_it_has_left_is_marked() {
        let (mut said, mut ring) = RingBuffer::new(100);
        let low_water = LowWater::default();
        (0..100).for_each(|_| said.push(0.5).unwrap());
        let mut block = [0_i16; 160];
        play(&mut block[..120], 2, &mut ring, &low_water);
        assert_eq!(low_water.take(), 40);
        play(&mut block, 2, &mut ring, &low_water);
        assert_eq!((block[79], block[80], block[159]), (16_384, 0, 0));
        assert_eq!(low_water.take(), 0, "it ran dry");
        play(&mut block[..0], 2, &mut ring, &low_water);
        assert_eq!(low_water.take(), u32::MAX, "nothing was taken");
    }

    #[test]
    fn a_voice_is_in_the_first_two_channels() {
        let (mut heard, mut ring) = RingBuffer::new(10);
        captured(&[0.2_f32, 0.4, 9.0, 9.0], 4, &mut heard);
        assert!((ring.pop().unwrap() - 0.3).abs() < 1e-6);
        let (mut said, mut ring) = RingBuffer::new(10);
        said.push(0.5).unwrap();
        let mut block = [0_u8; 4];
        play(&mut block, 4, &mut ring, &LowWater::default());
        assert_eq!(block, [192, 192, 128, 128]);
    }
}
