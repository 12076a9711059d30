#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::transform::{Key, Transform};
use super::*;

const ALL: [Suite; 6] = [
    Suite::AesCm128Sha1_80,
    Suite::AesCm128Sha1_32,
    Suite::AesCm256Sha1_80,
    Suite::AesCm256Sha1_32,
    Suite::AeadAes128Gcm,
    Suite::AeadAes256Gcm,
];

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

fn key(octets: &[u8]) -> Key {
    match octets.len() {
        16 => Key::Short(Box::new(octets.try_into().unwrap())),
        _ => Key::Long(Box::new(octets.try_into().unwrap())),
    }
}

fn master(suite: Suite) -> MasterKey {
    let len = suite.key_len() + suite.salt_len();
    let octets: Vec<u8> = (0..len).map(|at| (at * 7 + 3) as u8).collect();
    MasterKey::new(suite, &octets).unwrap()
}

fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(sequence.to_be_bytes());
    packet.extend(u32::from(sequence).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..160).map(|at| (at as u8) ^ sequence as u8));
    packet
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = octets("80c90001");
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0xab; 20]);
    packet
}

fn protect(sender: &mut Sender, packet: &[u8]) -> Vec<u8> {
    let mut out = [0; 2_000];
    let len = sender.protect_rtp(packet, &mut out).unwrap();
    out[..len].to_vec()
}

fn unprotect(receiver: &mut Receiver, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut out = [0; 2_000];
    let len = receiver.unprotect_rtp(packet, &mut out)?;
    Ok(out[..len].to_vec())
}

fn protect_rtcp(sender: &mut Sender, packet: &[u8]) -> Vec<u8> {
    let mut out = [0; 2_000];
    let len = sender.protect_rtcp(packet, &mut out).unwrap();
    out[..len].to_vec()
}

fn unprotect_rtcp(receiver: &mut Receiver, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut out = [0; 2_000];
    let len = receiver.unprotect_rtcp(packet, &mut out)?;
    Ok(out[..len].to_vec())
}

mod vectors {
    use super::*;

    fn keystream(aes_key: &str, expected: &str) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&octets("f0f1f2f3f4f5f6f7f8f9fafbfcfd"));
        let mut stream = [0; 48];
        key(&octets(aes_key))
            .counter()
            .apply_keystream(&iv, &mut stream);
        assert_eq!(stream[..], octets(expected));
    }

    #[test]
    fn the_keystream_of_rfc_3711_b_2() {
        keystream(
            "2b7e151628aed2a6abf7158809cf4f3c",
            "e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab
             41e95b3bb0a2e8dd477901e4fca894c0",
        );
    }

    #[test]
    fn the_keystream_of_rfc_6188_7_1() {
        keystream(
            "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
            "92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac
             63c4868b7096d88421b563b8c94c9a31",
        );
    }

    fn derivation(suite: Suite, master: &str, expected: [&str; 3]) {
        let master = MasterKey::new(suite, &octets(master)).unwrap();
        for (label, (expected, len)) in
            (0..).zip(
                expected
                    .into_iter()
                    .zip([suite.key_len(), 20, suite.salt_len()]),
            )
        {
            let mut out = vec![0; len];
            master.expand(label, &mut out);
            assert_eq!(out, octets(expected), "label {label}");
        }
    }

    #[test]
    fn the_session_keys_of_rfc_3711_b_3() {
        derivation(
            Suite::AesCm128Sha1_80,
            "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6",
            [
                "c61e7a93744f39ee10734afe3ff7a087",
                "cebe321f6ff7716b6fd4ab49af256a156d38baa4",
                "30cbbc08863d8c85d49db34a9ae1",
            ],
        );
    }

    #[test]
    fn the_session_keys_of_rfc_6188_7_2() {
        derivation(
            Suite::AesCm256Sha1_80,
            "f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6
             3b04803de51ee7c96423ab5b78d2",
            [
                "5ba1064e30ec51613cad926c5a28ef73 1ec7fb397f70a960653caf06554cd8c4",
                "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
                "fa31791685ca444a9e07c6c64e93",
            ],
        );
    }

    const SHORT: &str = "000102030405060708090a0b0c0d0e0f";
    const LONG: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const RTP: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973
         20646976 69736120 696e2070 61727465 73207472 6573";
    const RTCP: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930
         4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef";

    fn quid_pro_quo(aes_key: &str) -> Transform {
        let mut salt = [0; 14];
        salt[..12].copy_from_slice(b"Quid pro quo");
        Transform::gcm(&key(&octets(aes_key)), salt)
    }

    fn gcm_rtp(aes_key: &str, expected: &str) {
        let (transform, packet) = (quid_pro_quo(aes_key), octets(RTP));
        let header = RtpHeader::read(&packet).unwrap();
        let mut out = [0; 200];
        let len = transform.protect_rtp(&packet, header, 0xf17b, &mut out);
        let sealed = octets(expected);
        assert_eq!(out[..len.unwrap()], sealed);
        let len = transform.unprotect_rtp(&sealed, header, 0xf17b, &mut out);
        assert_eq!(out[..len.unwrap()], packet);
    }

    #[test]
    fn the_packets_of_rfc_7714_16() {
        gcm_rtp(
            SHORT,
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
             42a5f47a 51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce",
        );
        gcm_rtp(
            LONG,
            "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3
             b50b2a02 76ffae0f 1ba63799 b87b 7aa3db36 dfffd6b0 f9bb7878 d7a76c13",
        );
    }

    fn gcm_rtcp(aes_key: &str, sealed: &str, tagged: &str) {
        let (transform, packet) = (quid_pro_quo(aes_key), octets(RTCP));
        let mut out = [0; 200];
        let ssrc = 0x4d61_7273;
        let len = transform.protect_rtcp(&packet, ssrc, 0x5d4, &mut out);
        let mut expected = packet[..8].to_vec();
        expected.extend(octets(sealed));
        expected.extend(octets("800005d4"));
        assert_eq!(out[..len.unwrap()], expected);
        let len = transform.unprotect_rtcp(&expected, ssrc, &mut out);
        assert_eq!(out[..len.unwrap()], packet);
        // Authenticated only.
        let mut plain = packet.clone();
        plain.extend(octets(tagged));
        plain.extend(octets("000005d4"));
        let len = transform.unprotect_rtcp(&plain, ssrc, &mut out);
        assert_eq!(out[..len.unwrap()], packet);
        plain[30] ^= 1;
        let forged = transform.unprotect_rtcp(&plain, ssrc, &mut out);
        assert_eq!(forged, Err(SrtpError::Forged));
    }

    #[test]
    fn the_packets_of_rfc_7714_17() {
        gcm_rtcp(
            SHORT,
            "63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46
             86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade",
            "841dd968 3dd78ec9 2ae58790 125f62b3",
        );
        gcm_rtcp(
            LONG,
            "d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658
             c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be",
            "91db4afb feee5a97 8fab4393 ed2615fe",
        );
    }

    /// Packets that the reference implementation is tested with: everything together, from the
    /// master key to the tag.
    #[test]
    fn whole_packets_are_those_of_libsrtp() {
        let short = "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6";
        let short = MasterKey::new(Suite::AesCm128Sha1_80, &octets(short)).unwrap();
        let plain = octets("800f1234 decafbad cafebabe abababab abababab abababab abababab");
        let report = octets("81c8000b cafebabe abababab abababab abababab abababab");
        let mut sender = Sender::new(&short);
        assert_eq!(
            protect(&mut sender, &plain),
            octets(
                "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402
                 b78d6acc 99ea179b 8dbb"
            )
        );
        assert_eq!(
            protect_rtcp(&mut sender, &report),
            octets(
                "81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8
                 80000001 993e08cd 54d6c123 0798"
            )
        );
        let long = "f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6
             3b04803de51ee7c96423ab5b78d2";
        let long = MasterKey::new(Suite::AesCm256Sha1_80, &octets(long)).unwrap();
        assert_eq!(
            protect(&mut Sender::new(&long), &plain),
            octets(
                "800f1234 decafbad cafebabe f1d9de17 ff251ff1 aa007774 b0b4b40d
                 a08d9d9a 5b3a55d8 873b"
            )
        );
    }
}

#[test]
fn every_suite_brings_every_packet_back_and_hides_it_on_the_way() {
    for suite in ALL {
        let (mut sender, mut receiver) =
            (Sender::new(&master(suite)), Receiver::new(&master(suite)));
        for sequence in 100..400 {
            let packet = rtp(7, sequence);
            let sealed = protect(&mut sender, &packet);
            assert_eq!(sealed[..12], packet[..12], "{suite:?}");
            assert_ne!(sealed[12..172], packet[12..], "{suite:?}");
            assert_eq!(unprotect(&mut receiver, &sealed), Ok(packet), "{suite:?}");
            let report = rtcp(7);
            let sealed = protect_rtcp(&mut sender, &report);
            assert_ne!(sealed[8..28], report[8..], "{suite:?}");
            assert_eq!(
                unprotect_rtcp(&mut receiver, &sealed),
                Ok(report),
                "{suite:?}"
            );
        }
    }
}

#[test]
fn tags_are_as_long_as_the_suite_says_and_never_shorter_in_rtcp() {
    let growth = |suite| {
        let mut sender = Sender::new(&master(suite));
        let (audio, report) = (rtp(7, 1), rtcp(7));
        (
            protect(&mut sender, &audio).len() - audio.len(),
            protect_rtcp(&mut sender, &report).len() - report.len(),
        )
    };
    assert_eq!(
        ALL.map(growth),
        [(10, 14), (4, 14), (10, 14), (4, 14), (16, 20), (16, 20)]
    );
}

#[test]
fn csrcs_and_extensions_are_authenticated_and_left_readable() {
    let mut packet = octets("b180 0007 000000a0 00000009 0000002a bede0001 01020304");
    packet.extend([10, 20, 30, 40]);
    for suite in ALL {
        let mut receiver = Receiver::new(&master(suite));
        let sealed = protect(&mut Sender::new(&master(suite)), &packet);
        assert_eq!(sealed[..24], packet[..24]);
        let mut forged = sealed.clone();
        forged[21] ^= 1;
        assert_eq!(unprotect(&mut receiver, &forged), Err(SrtpError::Forged));
        assert_eq!(unprotect(&mut receiver, &sealed), Ok(packet.clone()));
    }
}

#[test]
fn a_thousand_forged_and_a_thousand_replayed_packets_change_nothing() {
    for suite in ALL {
        let (mut sender, mut receiver) =
            (Sender::new(&master(suite)), Receiver::new(&master(suite)));
        let mut stranger = Sender::new(
            &MasterKey::new(suite, &vec![9; suite.key_len() + suite.salt_len()]).unwrap(),
        );
        let mut heard = Vec::new();
        for sequence in 0..1_000 {
            let sealed = protect(&mut sender, &rtp(7, sequence));
            let report = protect_rtcp(&mut sender, &rtcp(7));
            // With another key, ahead of the peer, and damaged at any place.
            let ahead = protect(&mut stranger, &rtp(7, sequence + 20_000));
            assert!(unprotect(&mut receiver, &ahead).is_err());
            let mut damaged = sealed.clone();
            damaged[usize::from(sequence) % sealed.len()] ^= 1 << (sequence % 8);
            assert!(
                unprotect(&mut receiver, &damaged).is_err(),
                "{suite:?} {sequence}"
            );
            let mut damaged = report.clone();
            damaged[usize::from(sequence) % report.len()] ^= 1 << (sequence % 8);
            assert!(
                unprotect_rtcp(&mut receiver, &damaged).is_err(),
                "{suite:?} {sequence}"
            );
            assert_eq!(unprotect(&mut receiver, &sealed), Ok(rtp(7, sequence)));
            assert_eq!(unprotect_rtcp(&mut receiver, &report), Ok(rtcp(7)));
            heard.push((sealed, report));
        }
        for (sealed, report) in &heard {
            assert_eq!(unprotect(&mut receiver, sealed), Err(SrtpError::Replayed));
            assert_eq!(
                unprotect_rtcp(&mut receiver, report),
                Err(SrtpError::Replayed)
            );
        }
        let next = protect(&mut sender, &rtp(7, 1_000));
        assert_eq!(unprotect(&mut receiver, &next), Ok(rtp(7, 1_000)));
    }
}

#[test]
fn packets_out_of_order_are_taken_around_the_wrap_and_once() {
    for suite in ALL {
        let (mut sender, mut receiver) =
            (Sender::new(&master(suite)), Receiver::new(&master(suite)));
        // The first turn in leaps, so that the wraps come soon.
        let sequences: Vec<u16> = (0..40_u32).map(|step| (step * 16_000 + 5) as u16).collect();
        let mut pairs = Vec::new();
        for sequence in sequences {
            let (late, early) = (rtp(7, sequence), rtp(7, sequence.wrapping_add(3)));
            pairs.push((
                protect(&mut sender, &late),
                late,
                protect(&mut sender, &early),
                early,
            ));
        }
        for (late, plain_late, early, plain_early) in pairs {
            assert_eq!(unprotect(&mut receiver, &early), Ok(plain_early));
            assert_eq!(unprotect(&mut receiver, &late), Ok(plain_late));
            assert_eq!(unprotect(&mut receiver, &late), Err(SrtpError::Replayed));
        }
    }
}

#[test]
fn who_misses_the_packets_before_the_first_wrap_hears_those_behind_it() {
    let suite = Suite::AesCm128Sha1_80;
    let (mut sender, mut receiver) = (Sender::new(&master(suite)), Receiver::new(&master(suite)));
    protect(&mut sender, &rtp(7, 65_530));
    let behind = protect(&mut sender, &rtp(7, 2));
    assert_eq!(unprotect(&mut receiver, &behind), Ok(rtp(7, 2)));
}

#[test]
fn a_peer_may_change_its_source_and_not_without_end() {
    let suite = Suite::AeadAes128Gcm;
    let mut receiver = Receiver::new(&master(suite));
    for ssrc in 1..=64 {
        let sealed = protect(&mut Sender::new(&master(suite)), &rtp(ssrc, 9));
        assert_eq!(unprotect(&mut receiver, &sealed), Ok(rtp(ssrc, 9)));
        assert_eq!(unprotect(&mut receiver, &sealed), Err(SrtpError::Replayed));
    }
    let one_more = protect(&mut Sender::new(&master(suite)), &rtp(65, 9));
    assert_eq!(
        unprotect(&mut receiver, &one_more),
        Err(SrtpError::TooManySources)
    );
    let old = protect(&mut Sender::new(&master(suite)), &rtp(3, 10));
    assert_eq!(unprotect(&mut receiver, &old), Ok(rtp(3, 10)));
}

#[test]
fn under_a_new_key_a_peer_keeps_its_turn_or_begins_anew() {
    let suite = Suite::AesCm128Sha1_80;
    let next = MasterKey::new(suite, &[5; 30]).unwrap();
    let (mut sender, mut former) = (Sender::new(&master(suite)), Receiver::new(&master(suite)));
    for sequence in [0_u16, 30_000, 60_000, 20_000, 50_000, 10_000] {
        let sealed = protect(&mut sender, &rtp(7, sequence));
        assert_eq!(unprotect(&mut former, &sealed), Ok(rtp(7, sequence)));
    }
    let mut kept = Sender::new(&next);
    for sequence in [0_u16, 30_000, 60_000, 20_000, 50_000, 10_000] {
        protect(&mut kept, &rtp(7, sequence));
    }
    for mut sender in [kept, Sender::new(&next)] {
        let mut receiver = Receiver::after(&former, &next);
        let sealed = protect(&mut sender, &rtp(7, 10_001));
        assert_eq!(unprotect(&mut receiver, &sealed), Ok(rtp(7, 10_001)));
    }
}

#[test]
fn no_index_is_used_twice_and_no_other_source_is_sent_for() {
    let mut sender = Sender::new(&master(Suite::AesCm128Sha1_80));
    let mut out = [0; 300];
    protect(&mut sender, &rtp(7, 10));
    for packet in [rtp(7, 10), rtp(7, 9), rtp(8, 11)] {
        assert_eq!(
            sender.protect_rtp(&packet, &mut out),
            Err(SrtpError::NoIndex)
        );
    }
    assert_eq!(
        sender.protect_rtcp(&rtcp(8), &mut out),
        Err(SrtpError::NoIndex)
    );
    protect(&mut sender, &rtp(7, 11));
}

#[test]
fn a_key_of_another_length_is_none_and_no_key_is_printed() {
    assert!(MasterKey::new(Suite::AeadAes128Gcm, &[1; 30]).is_none());
    let shown = format!("{:?}", master(Suite::AesCm128Sha1_80));
    assert_eq!(shown, "MasterKey(AesCm128Sha1_80, …)");
}

#[test]
fn what_has_no_room_or_is_no_packet_is_an_error() {
    let mut sender = Sender::new(&master(Suite::AeadAes256Gcm));
    let packet = rtp(7, 1);
    let mut out = [0; 180];
    assert_eq!(
        sender.protect_rtp(&packet, &mut out),
        Err(SrtpError::Malformed)
    );
    let extension_beyond_the_end = octets("90000001 00000000 00000007 bede0005");
    for bad in [&packet[..11], &extension_beyond_the_end[..], &[0; 40]] {
        assert_eq!(sender.protect_rtp(bad, &mut out), Err(SrtpError::Malformed));
    }
}

#[test]
fn once_a_source_is_known_nothing_is_allocated() {
    for suite in ALL {
        let (mut sender, mut receiver) =
            (Sender::new(&master(suite)), Receiver::new(&master(suite)));
        let (mut sealed, mut plain) = ([0; 300], [0; 300]);
        let mut pass = |packet: &[u8], report: &[u8]| {
            let len = sender.protect_rtp(packet, &mut sealed).unwrap();
            receiver.unprotect_rtp(&sealed[..len], &mut plain).unwrap();
            let len = sender.protect_rtcp(report, &mut sealed).unwrap();
            receiver.unprotect_rtcp(&sealed[..len], &mut plain).unwrap();
        };
        pass(&rtp(7, 1), &rtcp(7));
        let (packets, report) = ([rtp(7, 2), rtp(7, 3), rtp(7, 4)], rtcp(7));
        let counted =
            allocation_counter::measure(|| packets.iter().for_each(|packet| pass(packet, &report)));
        assert_eq!(counted.count_total, 0, "{suite:?}");
    }
}

proptest! {
    #[test]
    fn no_datagram_panics_or_is_believed(
        datagram in proptest::collection::vec(any::<u8>(), 0..120), suite in 0_usize..6,
    ) {
        let mut receiver = Receiver::new(&master(ALL[suite]));
        prop_assert!(unprotect(&mut receiver, &datagram).is_err());
        prop_assert!(unprotect_rtcp(&mut receiver, &datagram).is_err());
        let mut out = [0; 200];
        let mut sender = Sender::new(&master(ALL[suite]));
        let _ = sender.protect_rtp(&datagram, &mut out);
        let _ = sender.protect_rtcp(&datagram, &mut out);
    }
}
