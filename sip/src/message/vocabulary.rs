//! The header fields we know by name: rsip's vocabulary. Only this file names rsip.
//!
//! rsip's enumeration gives a known header field a place without a string for its name. Its own
//! readers and printers are never called: they misread folded, compact and IPv6 forms.

use rsip::headers::UntypedHeader as _;
use rsip::headers::untyped;

/// One header field: a known one, or a name and a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field(rsip::Header);

macro_rules! vocabulary {
    ($($variant:ident $name:literal,)*) => {
        impl Field {
            /// A header field of this name, compact or not, in whatever case.
            pub(super) fn new(name: &str, value: String) -> Self {
                let name = expand(name);
                $(if name.eq_ignore_ascii_case($name) {
                    return Self(rsip::Header::$variant(untyped::$variant::new(value)));
                })*
                Self(rsip::Header::Other(name.to_owned(), value))
            }

            /// The name: spelt as in the RFCs when known, else as the sender wrote it.
            pub(super) fn name(&self) -> &str {
                match &self.0 {
                    $(rsip::Header::$variant(_) => $name,)*
                    rsip::Header::Other(name, _) => name,
                }
            }

            /// The value, unfolded and trimmed.
            pub(super) fn value(&self) -> &str {
                match &self.0 {
                    $(rsip::Header::$variant(header) => header.value(),)*
                    rsip::Header::Other(_, value) => value,
                }
            }
        }
    };
}

vocabulary! {
    Accept "Accept",
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CSeq "CSeq",
    CallId "Call-ID",
    CallInfo "Call-Info",
    Contact "Contact",
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding",
    ContentLanguage "Content-Language",
    ContentLength "Content-Length",
    ContentType "Content-Type",
    Date "Date",
    ErrorInfo "Error-Info",
    Event "Event",
    Expires "Expires",
    From "From",
    InReplyTo "In-Reply-To",
    MaxForwards "Max-Forwards",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    Organization "Organization",
    Priority "Priority",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RecordRoute "Record-Route",
    ReplyTo "Reply-To",
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    Server "Server",
    Subject "Subject",
    SubscriptionState "Subscription-State",
    Supported "Supported",
    Timestamp "Timestamp",
    To "To",
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    Via "Via",
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

/// Compact names (RFC 3261 §7.3.3 and the IANA registry).
const COMPACT: [(&str, &str); 20] = [
    ("a", "Accept-Contact"),
    ("b", "Referred-By"),
    ("c", "Content-Type"),
    ("d", "Request-Disposition"),
    ("e", "Content-Encoding"),
    ("f", "From"),
    ("i", "Call-ID"),
    ("j", "Reject-Contact"),
    ("k", "Supported"),
    ("l", "Content-Length"),
    ("m", "Contact"),
    ("n", "Identity-Info"),
    ("o", "Event"),
    ("r", "Refer-To"),
    ("s", "Subject"),
    ("t", "To"),
    ("u", "Allow-Events"),
    ("v", "Via"),
    ("x", "Session-Expires"),
    ("y", "Identity"),
];

/// The long name of a compact one; others unchanged.
pub(super) fn expand(name: &str) -> &str {
    let found = |(compact, _): &&(&str, &str)| name.eq_ignore_ascii_case(compact);
    COMPACT.iter().find(found).map_or(name, |(_, long)| long)
}

/// The compact name of a long one, where there is one.
pub(super) fn abbreviate(name: &str) -> &str {
    let found = |(_, long): &&(&str, &str)| name.eq_ignore_ascii_case(long);
    COMPACT
        .iter()
        .find(found)
        .map_or(name, |(compact, _)| compact)
}
