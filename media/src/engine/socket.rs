//! Reads a call's sockets: several packets at a time, each with the moment at which it arrived.
//!
//! The media thread looks into the sockets once a tick. What the jitter buffer needs to know is when a packet came,
//! and that the kernel wrote down.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant, SystemTime},
};

/// Packets read at one go.
const BATCH: usize = 4;
/// Goes at one socket on one tick, so that a flood does not starve the other calls.
const GOES: usize = 16;
/// The longest packet that is read, in octets: more than any network carries in one piece.
const LONGEST: usize = 2_048;

/// Both clocks, read together: the kernel stamps packets by the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    now: Instant,
    wall: SystemTime,
}

impl Moment {
    /// This moment.
    pub fn now() -> Self {
        Self {
            now: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// A moment of virtual time, at which everything arrives that is read then.
    #[cfg(test)]
    pub fn virtually(now: Instant) -> Self {
        let wall = SystemTime::UNIX_EPOCH;
        Self { now, wall }
    }

    /// When a packet arrived that was stamped `stamp` after 1970, knowing that it was not before `since`
    /// (the wall clock may have been set meanwhile).
    fn arrival(&self, stamp: Duration, since: Instant) -> Instant {
        let ago = self
            .wall
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .saturating_sub(stamp);
        let most = self.now.saturating_duration_since(since);
        self.now.checked_sub(ago.min(most)).unwrap_or(self.now)
    }
}

/// One of a call's two sockets.
pub struct Socket {
    socket: UdpSocket,
    is_v6: bool,
    /// When it was last read: what is in it came later.
    read: Instant,
}

impl Socket {
    /// Takes over a bound socket.
    ///
    /// # Errors
    /// It cannot be made non-blocking.
    pub fn new(socket: UdpSocket, now: Instant) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        system::stamp(&socket);
        let is_v6 = socket.local_addr()?.is_ipv6();
        Ok(Self {
            socket,
            is_v6,
            read: now,
        })
    }

    /// Sends a packet. One that the network does not take is lost like any other.
    pub fn send(&self, to: SocketAddr, packet: &[u8]) {
        let _ = self.socket.send_to(packet, to);
    }

    /// Hands every packet that has come to `take`, with the time at which it arrived and its source.
    pub fn read(
        &mut self,
        reader: &mut Reader,
        moment: Moment,
        mut take: impl FnMut(Instant, SocketAddr, &[u8]),
    ) {
        let batch = if self.is_v6 {
            &mut reader.v6
        } else {
            &mut reader.v4
        };
        for _ in 0..GOES {
            let count = batch.read(&self.socket, |stamp, source, packet| {
                let arrival = stamp.map_or(moment.now, |stamp| moment.arrival(stamp, self.read));
                take(arrival, source, packet);
            });
            if count < BATCH {
                break;
            }
        }
        self.read = moment.now;
    }
}

/// Room for reading, used by all sockets one after the other.
#[derive(Default)]
pub struct Reader {
    /// The kernel remembers the length of addresses in what it is handed: one batch for each length.
    v4: system::Batch,
    v6: system::Batch,
}

#[cfg(target_os = "linux")]
mod system {
    use std::{
        io::IoSliceMut,
        net::{SocketAddr, UdpSocket},
        os::fd::AsRawFd,
        time::Duration,
    };

    use nix::sys::{
        socket::{
            ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrStorage, recvmmsg,
            setsockopt, sockopt::ReceiveTimestampns,
        },
        time::TimeSpec,
    };

    use super::{BATCH, LONGEST};

    /// Room for a batch of packets.
    pub struct Batch {
        headers: MultiHeaders<SockaddrStorage>,
        packets: Box<[[u8; LONGEST]; BATCH]>,
    }

    impl Default for Batch {
        fn default() -> Self {
            let stamps = nix::cmsg_space!(TimeSpec);
            Self {
                headers: MultiHeaders::preallocate(BATCH, Some(stamps)),
                packets: Box::new([[0; LONGEST]; BATCH]),
            }
        }
    }

    /// Asks the kernel to stamp packets. Without stamps they count as arrived when they are read.
    pub fn stamp(socket: &UdpSocket) {
        let _ = setsockopt(socket, ReceiveTimestampns, &true);
    }

    impl Batch {
        /// Reads what is there, at most a batch; returns how much it was.
        pub fn read(
            &mut self,
            socket: &UdpSocket,
            mut take: impl FnMut(Option<Duration>, SocketAddr, &[u8]),
        ) -> usize {
            let mut slices = self
                .packets
                .each_mut()
                .map(|packet| [IoSliceMut::new(packet)]);
            let flags = MsgFlags::MSG_DONTWAIT;
            let Ok(messages) = recvmmsg(
                socket.as_raw_fd(),
                &mut self.headers,
                slices.iter_mut(),
                flags,
                None,
            ) else {
                return 0;
            };
            let mut count = 0;
            for message in messages {
                count += 1;
                if let (Some(source), Some(packet)) = (source(&message), message.iovs().next()) {
                    take(stamp_of(&message), source, packet);
                }
            }
            count
        }
    }

    fn source(message: &RecvMsg<SockaddrStorage>) -> Option<SocketAddr> {
        let address = message.address.as_ref()?;
        let v4 = address
            .as_sockaddr_in()
            .map(|address| SocketAddr::V4((*address).into()));
        v4.or_else(|| {
            address
                .as_sockaddr_in6()
                .map(|address| SocketAddr::V6((*address).into()))
        })
    }

    fn stamp_of(message: &RecvMsg<SockaddrStorage>) -> Option<Duration> {
        message.cmsgs().ok()?.find_map(|control| match control {
            ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
            _ => None,
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::{
        net::{SocketAddr, UdpSocket},
        time::Duration,
    };

    use super::{BATCH, LONGEST};

    /// Room for a packet.
    pub struct Batch(Box<[u8; LONGEST]>);

    impl Default for Batch {
        fn default() -> Self {
            Self(Box::new([0; LONGEST]))
        }
    }

    /// Packets are not stamped here: they count as arrived when they are read.
    pub fn stamp(_socket: &UdpSocket) {}

    impl Batch {
        /// Reads what is there, at most a batch; returns how much it was.
        pub fn read(
            &mut self,
            socket: &UdpSocket,
            mut take: impl FnMut(Option<Duration>, SocketAddr, &[u8]),
        ) -> usize {
            for count in 0..BATCH {
                let Ok((len, source)) = socket.recv_from(&mut self.0[..]) else {
                    return count;
                };
                take(None, source, &self.0[..len]);
            }
            BATCH
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn pair(address: &str) -> (Socket, UdpSocket) {
        let (here, there) = (
            UdpSocket::bind(address).unwrap(),
            UdpSocket::bind(address).unwrap(),
        );
        there.connect(here.local_addr().unwrap()).unwrap();
        (Socket::new(here, Instant::now()).unwrap(), there)
    }

    #[test]
    fn all_packets_are_read_with_their_source_and_in_the_order_they_came() {
        let mut reader = Reader::default();
        for address in ["[::1]:0", "127.0.0.1:0", "[::1]:0"] {
            let (mut here, there) = pair(address);
            let mut last = here.read;
            for octet in 0..11 {
                there.send(&[octet; 172]).unwrap();
            }
            let mut octets = vec![];
            here.read(&mut reader, Moment::now(), |arrival, source, packet| {
                assert_eq!((source, packet.len()), (there.local_addr().unwrap(), 172));
                assert!(arrival >= last && arrival <= Instant::now());
                last = arrival;
                octets.push(packet[0]);
            });
            assert_eq!(octets, (0..11).collect::<Vec<u8>>());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_packet_is_as_old_as_it_is_however_late_it_is_read() {
        let (mut here, there) = pair("127.0.0.1:0");
        let mut reader = Reader::default();
        // A kernel that has stamped no packets before needs a moment to begin with it.
        for _ in 0..20 {
            there.send(b"early").unwrap();
            let sent = Instant::now();
            while sent.elapsed() < Duration::from_millis(30) {
                std::thread::yield_now();
            }
            let mut arrivals = vec![];
            here.read(&mut reader, Moment::now(), |arrival, _, _| {
                arrivals.push(arrival)
            });
            let [arrival] = arrivals[..] else {
                panic!("{arrivals:?}")
            };
            if arrival < sent + Duration::from_millis(5) {
                return;
            }
        }
        panic!("never stamped");
    }

    #[test]
    fn a_wall_clock_that_was_set_puts_no_packet_into_the_future_or_long_ago() {
        let moment = Moment::now();
        let since = moment.now.checked_sub(Duration::from_millis(20)).unwrap();
        let wall = moment.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(
            moment.arrival(wall + Duration::from_secs(3_600), since),
            moment.now
        );
        assert_eq!(
            moment.arrival(wall - Duration::from_secs(3_600), since),
            since
        );
        assert_eq!(
            moment.arrival(wall, moment.now + Duration::from_secs(1)),
            moment.now
        );
    }
}
