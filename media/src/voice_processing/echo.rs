//! The echo of the loudspeaker, taken out by WebRTC's echo canceller 3.

use sonora_aec3::{
    block::Block, block_processor::BlockProcessor, common::BLOCK_SIZE, config::EchoCanceller3Config,
};

use super::bands::{BAND_LEN, BAND_RATE, Bands, NUM_BANDS};

/// All bands at any time, so that the room need not be learnt anew when a call of another rate comes into focus.
const RATE: usize = NUM_BANDS * BAND_RATE as usize;
// 20 ms are five blocks, so that nothing waits for the next frame.
const _: () = assert!(BAND_LEN.is_multiple_of(BLOCK_SIZE));

/// Learns what the microphone hears of the loudspeaker, and takes it out.
pub struct EchoCanceller {
    processor: BlockProcessor,
    block: Block,
}

impl EchoCanceller {
    /// One that knows nothing of the room yet.
    pub fn new() -> Self {
        let processor = BlockProcessor::new(&config(), RATE, 1, 1);
        let block = Block::new(NUM_BANDS, 1);
        Self { processor, block }
    }

    /// The next 20 ms that the loudspeaker is given.
    pub fn play(&mut self, bands: &Bands) {
        for at in (0..BAND_LEN).step_by(BLOCK_SIZE) {
            self.fill(bands, at);
            self.processor.buffer_render(&self.block);
        }
    }

    /// The next 20 ms of the microphone; what remains is the voice. `is_clipped`: they reached full scale.
    pub fn process(&mut self, bands: &mut Bands, is_clipped: bool) {
        for at in (0..BAND_LEN).step_by(BLOCK_SIZE) {
            self.fill(bands, at);
            let block = &mut self.block;
            self.processor
                .process_capture(false, is_clipped, None, block);
            for (index, band) in bands.iter_mut().enumerate() {
                band[at..at + BLOCK_SIZE].copy_from_slice(self.block.view(index, 0));
            }
        }
    }

    fn fill(&mut self, bands: &Bands, at: usize) {
        for (index, band) in bands.iter().enumerate() {
            let block = self.block.view_mut(index, 0);
            block.copy_from_slice(&band[at..at + BLOCK_SIZE]);
        }
    }
}

/// As WebRTC has it, the filter's word is taken for 6 dB at most, 2 above 4 kHz, so that who speaks against an echo as loud as
/// themselves is lowered by 5 dB. These settings let them through, and look longer before they take an echo for them: in
/// synthetic rooms (`benches/voice_processing.rs`) the voice loses half as much and the echo more than before.
fn config() -> EchoCanceller3Config {
    let mut config = EchoCanceller3Config::default();
    // By how much the filter is believed to lower the echo below 4 kHz and above, in power.
    config.erle.max_l = 16.0;
    config.erle.max_h = 8.0;
    // What remains, after each block of 4 ms, of the reverberation that the filter is too short for: while the other side
    // alone is heard, and while the person here speaks.
    config.ep_strength.default_len = 0.88;
    config.ep_strength.nearend_len = 0.1;
    // The person here speaks once this share of what is left, or less, is echo in so many blocks more than not; it holds
    // for so many more.
    let near = &mut config.suppressor.dominant_nearend_detection;
    near.enr_threshold = 0.35;
    near.trigger_threshold = 17;
    near.hold_duration = 120;
    // While they speak: the share of echo that is let through, and the one that is taken out; below 600 Hz, where a voice hides
    // most, and above 1 kHz.
    let spoken = &mut config.suppressor.nearend_tuning;
    spoken.mask_lf.enr_transparent = 2.0;
    spoken.mask_lf.enr_suppress = 2.2;
    spoken.mask_hf.enr_transparent = 0.3;
    spoken.mask_hf.enr_suppress = 0.5;
    config
}
