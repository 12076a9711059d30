//! The CSeq header field.

use std::fmt;

use super::{Method, SyntaxError};

/// Sequence number and method (RFC 3261 §20.16).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// The number, a 32-bit unsigned integer (RFC 3261 §8.1.1.5).
    pub seq: u32,
    /// The method of the request it numbers.
    pub method: Method,
}

impl CSeq {
    /// Reads a CSeq value. A number that does not fit is an error, never wrapped.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (digits, method) = text
            .trim()
            .split_once([' ', '\t'])
            .ok_or(SyntaxError::CSeq)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SyntaxError::CSeq);
        }
        let seq = digits.parse().map_err(|_| SyntaxError::CSeq)?;
        Ok(Self {
            seq,
            method: Method::parse(method.trim_start())?,
        })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, self.method)
    }
}
