//! Photos within cards: octets as base64, in a `data:` URI or with `ENCODING=b`.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::line::ContentLine;
use super::{CardError, Version};
use crate::model::Photo;

/// Telephones leave the padding away.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The octets that base64 stands for, whatever spaces are in it.
pub(super) fn octets(base64: &str) -> Option<Vec<u8>> {
    let base64: Vec<u8> = base64
        .bytes()
        .filter(|c| !c.is_ascii_whitespace())
        .collect();
    TOLERANT.decode(base64).ok()
}

/// The octets as base64.
pub(super) fn base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// The photo's octets; none where the line only links to one.
pub(super) fn read(line: &ContentLine) -> Result<Option<Vec<u8>>, CardError> {
    let encodings = ["b", "base64"];
    let mut encoding = line.params_of("ENCODING");
    let is_encoded = encoding.any(|name| encodings.contains(&&*name.to_ascii_lowercase()));
    let data = match line.value.split_at_checked(5) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("data:") => {
            // Some escape the comma.
            let data = rest.split_once("base64").map(|(_, data)| data);
            data.map(|data| data.trim_start_matches(['\\', ',']))
        }
        _ => is_encoded.then_some(&*line.value),
    };
    let Some(data) = data.filter(|data| !data.is_empty()) else {
        return Ok(None);
    };
    let octets = octets(data);
    let shown: String = data.chars().take(40).collect();
    let error = || CardError::new("PHOTO", &shown, "base64");
    octets.map(Some).ok_or_else(error)
}

/// The line of a photo.
pub(super) fn line(photo: &Photo, version: Version) -> String {
    let data = base64(&photo.bytes);
    match version {
        Version::V4 => format!("PHOTO:data:{};base64,{data}", photo.mime),
        Version::V3 => {
            let kind = photo.mime.rsplit('/').next().unwrap_or_default();
            format!("PHOTO;ENCODING=b;TYPE={}:{data}", kind.to_uppercase())
        }
    }
}
