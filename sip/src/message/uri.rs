//! SIP, SIPS and tel URIs, and every other scheme kept as text.

use std::borrow::Cow;
use std::fmt;

use super::escape::{escape_user, normalize, unescape};
use super::host::parse_host_port;
use super::{Host, Params, SyntaxError};

/// A URI of any scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uri {
    /// `sip:` and `sips:` (RFC 3261 §19.1).
    Sip(SipUri),
    /// `tel:` (RFC 3966).
    Tel(TelUri),
    /// Any other scheme, in lower case, and what follows its colon. As a Request-URI: 416.
    Other {
        /// The scheme in lower case.
        scheme: String,
        /// Everything behind the colon, as it was written.
        opaque: String,
    },
}

/// A SIP or SIPS URI. Escapes are normalised when it is read: what needs none is written plainly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipUri {
    /// Whether the scheme is `sips`.
    pub secure: bool,
    user: Option<String>,
    password: Option<String>,
    /// The host.
    pub host: Host,
    /// The port. Absent and 5060 are not the same (RFC 3261 §19.1.4).
    pub port: Option<u16>,
    /// URI parameters such as `transport` and `lr`.
    pub params: Params,
    /// Header fields to be put into a request, escaped: `?Subject=x&Route=%3C…`.
    pub headers: Vec<(String, String)>,
}

/// A telephone number as a URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelUri {
    /// The number as it was written, with its visual separators.
    pub number: String,
    /// Parameters such as `phone-context`.
    pub params: Params,
}

impl Uri {
    /// Reads an absolute URI.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (scheme, rest) = text.split_once(':').ok_or(SyntaxError::Scheme)?;
        if !is_scheme(scheme) {
            return Err(SyntaxError::Scheme);
        }
        if !rest.bytes().all(is_uri_byte) {
            return Err(SyntaxError::UriCharacter);
        }
        match scheme.to_ascii_lowercase() {
            scheme if scheme == "sip" => SipUri::parse(false, rest).map(Self::Sip),
            scheme if scheme == "sips" => SipUri::parse(true, rest).map(Self::Sip),
            scheme if scheme == "tel" => TelUri::parse(rest).map(Self::Tel),
            scheme => Ok(Self::Other {
                scheme,
                opaque: rest.to_owned(),
            }),
        }
    }

    /// A plain `sip:` URI; `user` is unescaped text.
    pub fn sip(user: Option<&str>, host: Host, port: Option<u16>) -> Self {
        Self::Sip(SipUri::new(user, host, port))
    }

    /// The scheme in lower case.
    pub fn scheme(&self) -> &str {
        match self {
            Self::Sip(uri) if uri.secure => "sips",
            Self::Sip(_) => "sip",
            Self::Tel(_) => "tel",
            Self::Other { scheme, .. } => scheme,
        }
    }

    /// The user, unescaped, or the number of a tel URI.
    pub fn user(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Sip(uri) => uri.user(),
            Self::Tel(uri) => Some(Cow::Borrowed(&uri.number)),
            Self::Other { .. } => None,
        }
    }

    /// The host of a SIP URI.
    pub fn host(&self) -> Option<&Host> {
        self.as_sip().map(|uri| &uri.host)
    }

    /// The port of a SIP URI.
    pub fn port(&self) -> Option<u16> {
        self.as_sip().and_then(|uri| uri.port)
    }

    /// The SIP URI, if it is one.
    pub fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            _ => None,
        }
    }

    /// The SIP URI to change, if it is one.
    pub fn as_sip_mut(&mut self) -> Option<&mut SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            _ => None,
        }
    }

    /// The value of a URI parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        match self {
            Self::Sip(uri) => uri.params.get(name),
            Self::Tel(uri) => uri.params.get(name),
            Self::Other { .. } => None,
        }
    }

    /// Whether the URI parameter is there, with or without a value.
    pub fn has_param(&self, name: &str) -> bool {
        match self {
            Self::Sip(uri) => uri.params.has(name),
            Self::Tel(uri) => uri.params.has(name),
            Self::Other { .. } => false,
        }
    }

    /// Whether both name the same resource: RFC 3261 §19.1.4 for SIP, RFC 3966 §4 for tel.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sip(one), Self::Sip(two)) => one.is_equivalent(two),
            (Self::Tel(one), Self::Tel(two)) => one.is_equivalent(two),
            (one, two) => one == two,
        }
    }
}

impl SipUri {
    /// A `sip:` URI; `user` is unescaped text.
    pub fn new(user: Option<&str>, host: Host, port: Option<u16>) -> Self {
        Self {
            secure: false,
            user: user.map(escape_user),
            password: None,
            host,
            port,
            params: Params::new(),
            headers: Vec::new(),
        }
    }

    /// Reads what follows `sip:` or `sips:`.
    fn parse(secure: bool, text: &str) -> Result<Self, SyntaxError> {
        // An @ has to be escaped everywhere but behind the user (RFC 3261 §25.1).
        let (userinfo, rest) = match text.split_once('@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, text),
        };
        if rest.contains('@') {
            return Err(SyntaxError::User);
        }
        let (rest, headers) = split_at_first(rest, '?');
        let (host_port, params) = split_at_first(rest, ';');
        let (host, port) = parse_host_port(host_port)?;
        let (user, password) = match userinfo {
            Some(userinfo) => parse_userinfo(userinfo)?,
            None => (None, None),
        };
        let params = params.map_or(Ok(Params::new()), parse_params)?;
        let headers = headers.map_or(Ok(Vec::new()), parse_headers)?;
        Ok(Self {
            secure,
            user,
            password,
            host,
            port,
            params,
            headers,
        })
    }

    /// The user, unescaped.
    pub fn user(&self) -> Option<Cow<'_, str>> {
        self.user.as_deref().map(unescape)
    }

    /// Sets the user from unescaped text.
    pub fn set_user(&mut self, user: Option<&str>) {
        self.user = user.map(escape_user);
    }

    /// The transport parameter, in whatever case it was written.
    pub fn transport(&self) -> Option<&str> {
        self.params.get("transport")
    }

    /// The unescaped value of a header field to be put into a request.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(unescape(value))
    }

    /// RFC 3261 §19.1.4. Escapes were normalised when the URIs were read.
    fn is_equivalent(&self, other: &Self) -> bool {
        self.secure == other.secure
            && self.user == other.user
            && self.password == other.password
            && self.host == other.host
            && self.port == other.port
            && params_agree(&self.params, &other.params)
            && params_agree(&other.params, &self.params)
            && headers_agree(&self.headers, &other.headers)
    }
}

impl TelUri {
    fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (number, params) = split_at_first(text, ';');
        let is_digit = |c: char| c.is_ascii_hexdigit() || "*#-.()".contains(c);
        let digits = number.strip_prefix('+').unwrap_or(number);
        if digits.is_empty() || !digits.chars().all(is_digit) {
            return Err(SyntaxError::Number);
        }
        let params = params.map_or(Ok(Params::new()), parse_params)?;
        Ok(Self {
            number: number.to_owned(),
            params,
        })
    }

    /// RFC 3966 §4: visual separators do not count, parameters do.
    fn is_equivalent(&self, other: &Self) -> bool {
        let same_number = digits(&self.number).eq(digits(&other.number));
        let covers = |one: &Params, two: &Params| {
            one.iter()
                .all(|(name, value)| two.has(name) && same_value(value, two.get(name)))
        };
        same_number && covers(&self.params, &other.params) && covers(&other.params, &self.params)
    }
}

fn digits(number: &str) -> impl Iterator<Item = char> {
    number
        .chars()
        .filter(|c| !"-.()".contains(*c))
        .map(|c| c.to_ascii_uppercase())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Visible characters without the delimiters that no URI holds. Wider than the grammar, because
/// telephones put `#` and raw UTF-8 into users.
fn is_uri_byte(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && !b"<>\"".contains(&byte)
}

fn split_at_first(text: &str, separator: char) -> (&str, Option<&str>) {
    match text.split_once(separator) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

fn parse_userinfo(text: &str) -> Result<(Option<String>, Option<String>), SyntaxError> {
    let (user, password) = split_at_first(text, ':');
    if user.is_empty() {
        return Err(SyntaxError::User);
    }
    Ok((Some(normalize(user)?), password.map(normalize).transpose()?))
}

fn parse_params(text: &str) -> Result<Params, SyntaxError> {
    let mut params = Params::new();
    for param in text.split(';') {
        let (name, value) = split_at_first(param, '=');
        if name.is_empty() || value.is_some_and(str::is_empty) {
            return Err(SyntaxError::Param);
        }
        params.add(normalize(name)?, value.map(normalize).transpose()?)?;
    }
    Ok(params)
}

fn parse_headers(text: &str) -> Result<Vec<(String, String)>, SyntaxError> {
    let mut headers = Vec::new();
    for header in text.split('&') {
        let (name, value) = header.split_once('=').ok_or(SyntaxError::UriHeader)?;
        if name.is_empty() || headers.len() == super::limits::PARAMS {
            return Err(SyntaxError::UriHeader);
        }
        headers.push((normalize(name)?, normalize(value)?));
    }
    Ok(headers)
}

fn same_value(one: Option<&str>, two: Option<&str>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
        (one, two) => one == two,
    }
}

/// A parameter in both must be the same; these four may not stand in one alone.
fn params_agree(one: &Params, two: &Params) -> bool {
    const NEVER_ALONE: [&str; 4] = ["user", "ttl", "method", "maddr"];
    one.iter().all(|(name, value)| match two.has(name) {
        true => same_value(value, two.get(name)),
        false => !NEVER_ALONE
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name)),
    })
}

/// Header components are never ignored, and their order does not count.
fn headers_agree(one: &[(String, String)], two: &[(String, String)]) -> bool {
    let contains = |all: &[(String, String)], (name, value): &(String, String)| {
        all.iter()
            .any(|(n, v)| n.eq_ignore_ascii_case(name) && v == value)
    };
    one.len() == two.len() && one.iter().all(|header| contains(two, header))
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(uri) => uri.fmt(f),
            Self::Tel(uri) => write!(f, "tel:{}{}", uri.number, uri.params),
            Self::Other { scheme, opaque } => write!(f, "{scheme}:{opaque}"),
        }
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = &self.user {
            f.write_str(user)?;
            if let Some(password) = &self.password {
                write!(f, ":{password}")?;
            }
            f.write_str("@")?;
        }
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)?;
        for (at, (name, value)) in self.headers.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Uri {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse(text)
    }
}

impl From<SipUri> for Uri {
    fn from(uri: SipUri) -> Self {
        Self::Sip(uri)
    }
}
