//! Cuts an Ogg Opus recording off after its last whole page (RFC 3533, RFC 7845).

use std::{
    fs::File,
    io::{BufReader, ErrorKind, Read, Seek, SeekFrom},
};

use super::{
    ogg::CLOCK,
    repair::{RepairError, Repaired, expect, read_at},
};

/// Cuts off what is no whole page and returns how much sound there is.
pub fn repair_ogg(file: &mut File, len: u64) -> Result<Repaired, RepairError> {
    let head: [u8; 47] = read_at(file, 0, len)?;
    expect(head[28..36] == *b"OpusHead", 28, "\"OpusHead\"")?;
    let pre_skip = u64::from(u16::from_le_bytes([head[38], head[39]]));
    file.seek(SeekFrom::Start(0))?;
    let mut pages = BufReader::new(&mut *file);
    let (mut whole, mut position) = (0, 0);
    while let Some(page) = read_page(&mut pages)? {
        whole += page.len;
        // A page on which no packet ends says nothing (RFC 3533 §6).
        if page.position != u64::MAX {
            position = page.position;
        }
    }
    expect(whole > 0, 0, "a whole Ogg page")?;
    if whole < len {
        file.set_len(whole)?;
        file.sync_all()?;
    }
    Ok(Repaired {
        frames: position.saturating_sub(pre_skip),
        rate: CLOCK as u32,
        changed: whole < len,
    })
}

struct Page {
    len: u64,
    position: u64,
}

/// The next page, unless the file ends before its end or it is damaged.
fn read_page(file: &mut impl Read) -> Result<Option<Page>, RepairError> {
    let mut header = [0; 27];
    if !fill(file, &mut header)? || !header.starts_with(b"OggS\0") {
        return Ok(None);
    }
    let mut lacing = vec![0; usize::from(header[26])];
    if !fill(file, &mut lacing)? {
        return Ok(None);
    }
    let mut body = vec![0; lacing.iter().map(|segment| usize::from(*segment)).sum()];
    if !fill(file, &mut body)? {
        return Ok(None);
    }
    let told = u32::from_le_bytes([header[22], header[23], header[24], header[25]]);
    header[22..26].fill(0);
    if [&header[..], &lacing, &body].into_iter().fold(0, checksum) != told {
        return Ok(None);
    }
    let len = (header.len() + lacing.len() + body.len()) as u64;
    let position = header[6..14]
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte));
    Ok(Some(Page { len, position }))
}

/// Fills the buffer; false if the file ends before.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Result<bool, RepairError> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Ogg's checksum (RFC 3533 §6): CRC-32 with polynomial 04c11db7, not reflected, from 0.
fn checksum(mut sum: u32, bytes: &[u8]) -> u32 {
    for byte in bytes {
        sum = sum << 8 ^ TABLE[usize::from((sum >> 24) as u8 ^ byte)];
    }
    sum
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let (mut sum, mut bit) = ((index as u32) << 24, 0);
        while bit < 8 {
            sum = if sum >> 31 == 1 {
                sum << 1 ^ 0x04c1_1db7
            } else {
                sum << 1
            };
            bit += 1;
        }
        table[index] = sum;
        index += 1;
    }
    table
};
