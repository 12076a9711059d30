//! Ports for a call's audio.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::atomic::{AtomicU16, Ordering},
};

/// Where the next search begins, so that a port just freed is not taken again at once:
/// late packets of the call before would reach the new one.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// How many calls find ports in this range: pairs of an even port and the odd one above it.
pub fn rtp_pairs(range: &RangeInclusive<u16>) -> u32 {
    first_even(range).map_or(0, |first| {
        (u32::from(*range.end()) + 1).saturating_sub(u32::from(first)) / 2
    })
}

fn first_even(range: &RangeInclusive<u16>) -> Option<u16> {
    range.start().checked_add(range.start() % 2)
}

/// Binds an even port for RTP and the odd one above it for RTCP (RFC 3550 §11), both non-blocking.
///
/// # Errors
/// `AddrInUse` when no pair of `range` is free; `InvalidInput` when `range` holds no pair;
/// otherwise what the system says of `ip`.
pub fn bind_rtp_pair(ip: IpAddr, range: RangeInclusive<u16>) -> io::Result<(UdpSocket, UdpSocket)> {
    let (first, pairs) = (first_even(&range), rtp_pairs(&range));
    let (Some(first), true) = (first, pairs > 0) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "the ports {}-{} hold no even and odd pair",
                range.start(),
                range.end()
            ),
        ));
    };
    let begin = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
    for step in 0..pairs {
        let pair = (begin + step) % pairs;
        let port = first + (pair * 2) as u16;
        match bind_both(ip, port) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            done => return done,
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        format!(
            "none of the ports {}-{} is free",
            range.start(),
            range.end()
        ),
    ))
}

fn bind_both(ip: IpAddr, port: u16) -> io::Result<(UdpSocket, UdpSocket)> {
    let rtp = UdpSocket::bind(SocketAddr::new(ip, port))?;
    let rtcp = UdpSocket::bind(SocketAddr::new(ip, port + 1))?;
    rtp.set_nonblocking(true)?;
    rtcp.set_nonblocking(true)?;
    Ok((rtp, rtcp))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn rtp_gets_an_even_port_and_rtcp_the_odd_one_above() {
        let (rtp, rtcp) = bind_rtp_pair(LOOPBACK, 40_001..=40_999).unwrap();
        let port = rtp.local_addr().unwrap().port();
        assert_eq!(port % 2, 0);
        assert_eq!(rtcp.local_addr().unwrap().port(), port + 1);
    }

    #[test]
    fn every_pair_of_the_range_is_given_out_once_and_then_it_is_said_to_be_used_up() {
        let range = 41_001..=41_009;
        let pairs: Vec<_> = (0..4)
            .map(|_| bind_rtp_pair(LOOPBACK, range.clone()).unwrap())
            .collect();
        assert_eq!(rtp_pairs(&range), 4);
        let mut ports: Vec<_> = pairs
            .iter()
            .map(|(rtp, _)| rtp.local_addr().unwrap().port())
            .collect();
        ports.sort_unstable();
        assert_eq!(ports, [41_002, 41_004, 41_006, 41_008]);
        let error = bind_rtp_pair(LOOPBACK, range).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_range_without_a_pair_is_refused() {
        for range in [
            40_001..=40_001,
            40_001..=40_002,
            65_535..=65_535,
            RangeInclusive::new(40_010, 40_000),
        ] {
            assert_eq!(rtp_pairs(&range), 0);
            let error = bind_rtp_pair(LOOPBACK, range).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
