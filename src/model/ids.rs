//! Ids: UUIDv7, so that they sort by the time they were made and two seats never make the same one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id; an id looks like 019312d0-7c1e-7a52-9d0b-3f1f0a7f55aa")]
pub struct IdError {
    /// What was given, shortened to 64 characters.
    pub text: String,
}

/// A command's mark, to find whoever waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, of the present moment (RFC 9562 §5.7).
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id that these 16 octets are.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Its 16 octets, most significant first: they sort as the ids do.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text.trim())
                    .map(Self)
                    .map_err(|_| IdError { text: text.chars().take(64).collect() })
            }
        }
    };
}

id!(
    /// A call: the id of its events outwards and of its row in the call log.
    CallId
);
impl CallId {
    /// The id of a call of another system's, of the hash of what that system says of it (RFC 9562 §5.8).
    pub fn of_hash(hash: [u8; 32]) -> Self {
        let mut octets = [0; 16];
        octets.copy_from_slice(&hash[..16]);
        octets[6] = octets[6] & 0x0f | 0x80;
        octets[8] = octets[8] & 0x3f | 0x80;
        Self::from_bytes(octets)
    }

    /// Whether it is an id of a hash: no phone of ours has written the row.
    pub fn is_of_hash(&self) -> bool {
        self.as_bytes()[6] >> 4 == 8
    }
}

id!(
    /// A client.
    ClientId
);
id!(
    /// A client's order.
    OrderId
);
id!(
    /// A record of any other kind.
    RecordId
);
id!(
    /// An employee of the office.
    EmployeeId
);
id!(
    /// A recording of a call.
    RecordingId
);
id!(
    /// A stored photo.
    PhotoId
);
id!(
    /// A call that somebody is owed.
    TaskId
);
id!(
    /// A line of the audit.
    AuditId
);
id!(
    /// An event that waits for a web server.
    EventId
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_id_comes_back_from_its_text_and_its_octets() {
        let id = CallId::new();
        assert_eq!(id.to_string().parse::<CallId>().unwrap(), id);
        assert_eq!(CallId::from_bytes(*id.as_bytes()), id);
        assert_eq!(
            serde_json::to_value(id).unwrap(),
            serde_json::json!(id.to_string())
        );
    }

    #[test]
    fn a_text_that_is_no_id_is_refused_with_an_example() {
        let error = "Ivan".parse::<ClientId>().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("\"Ivan\" is not an id; an id looks like")
        );
    }
}
