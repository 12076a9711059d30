//! Recorded speech over seeded networks, good and bad, in virtual time, judged by PESQ.

use crate::{python, support};

use ringbook_media::stream::Codec;
use support::OneWay;
use support::network::Network;
use support::pesq::{Band, Listener};
use support::speech::Speech;

const CLIPS: usize = 6;
const SEED: u64 = 3;

/// A codec over a network: the least score, MOS-LQO, and the most delay, ms, that the buffer may add.
struct Case(Network, f32, f32);

fn judge(codec: Codec, band: Band, cases: &[Case]) {
    let Some(python) = python::with(&["pesq==0.0.4", "numpy==2.4.6"]) else {
        return;
    };
    let speech = Speech::load(CLIPS).at(codec.sample_rate());
    let mut listener = Listener::new(python);
    let mut delays = Vec::new();
    for Case(network, ..) in cases {
        let mut call = OneWay::codec(codec, network.fate(SEED));
        call.run(&speech.samples);
        listener.note(band, &speech, &call.heard, codec.sample_rate());
        delays.push(call.delays.iter().sum::<f32>() / call.delays.len() as f32);
    }
    let mut failures = String::new();
    for ((Case(network, least, most), score), delay) in
        cases.iter().zip(listener.scores()).zip(delays)
    {
        let line =
            format!("{codec} {network:?}: {score:.2} ({delay:.0} ms), wanted {least} ({most} ms)");
        println!("{line}");
        if score < *least || delay > *most {
            failures.push_str(&line);
            failures.push('\n');
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn pcmu() {
    judge(
        Codec::Pcmu,
        Band::Narrow,
        &[
            Case(Network::Clean, 4.11, 8.0),
            Case(Network::Hiccups(0.02, 10.0), 4.1, 28.0),
            Case(Network::Hiccups(0.01, 80.0), 4.0, 78.0),
            Case(Network::Hiccups(0.02, 160.0), 3.85, 148.0),
            Case(Network::Random(0.02), 3.7, 18.0),
            Case(Network::Random(0.05), 3.32, 20.0),
            Case(Network::Random(0.10), 2.87, 20.0),
            Case(Network::Bursts(0.05), 3.17, 19.0),
            Case(Network::Jitter(40.0, 0.02), 3.52, 48.0),
            Case(Network::Jitter(80.0, 0.0), 4.11, 88.0),
            Case(Network::Tail(60.0), 3.7, 222.0),
            Case(Network::Stall(120.0), 3.98, 126.0),
        ],
    );
}

#[test]
fn g722() {
    judge(
        Codec::G722,
        Band::Wide,
        &[
            Case(Network::Clean, 4.46, 8.0),
            Case(Network::Hiccups(0.02, 10.0), 4.43, 28.0),
            Case(Network::Random(0.02), 3.15, 18.0),
            Case(Network::Random(0.05), 2.14, 20.0),
            Case(Network::Random(0.10), 1.53, 20.0),
            Case(Network::Bursts(0.05), 2.75, 19.0),
            Case(Network::Jitter(80.0, 0.0), 4.46, 88.0),
        ],
    );
}

#[test]
fn opus() {
    judge(
        Codec::Opus,
        Band::Wide,
        &[
            Case(Network::Clean, 4.46, 8.0),
            Case(Network::Hiccups(0.01, 80.0), 4.33, 78.0),
            Case(Network::Stall(120.0), 4.3, 126.0),
            Case(Network::Random(0.02), 4.28, 25.0),
            Case(Network::Random(0.05), 4.06, 28.0),
            Case(Network::Random(0.10), 3.62, 29.0),
            Case(Network::Bursts(0.05), 3.42, 28.0),
            Case(Network::Jitter(80.0, 0.0), 4.46, 88.0),
        ],
    );
}
