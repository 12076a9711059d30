//! Who is let in: programs on this computer that have the token, and no web page.

use std::net::IpAddr;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, ORIGIN};
use hyper::http::uri::Authority;
use subtle::ConstantTimeEq as _;

use super::problem::Problem;

/// Refuses whoever is not to be answered.
///
/// A name that leads here by somebody else's DNS is not ours, so that no web page reaches the API under
/// its own name (DNS rebinding); and what a browser sends on behalf of a page has an `Origin`.
pub(super) fn admit(
    headers: &HeaderMap,
    authority: Option<&Authority>,
    token: &str,
) -> Result<(), Problem> {
    let forbidden = |detail: &str| Err(Problem::new(StatusCode::FORBIDDEN, detail));
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(|host| host.parse().ok()),
        _ => None,
    };
    let is_ours = host.is_some_and(|host: Authority| is_loopback(&host));
    if !is_ours || !authority.is_none_or(is_loopback) {
        return forbidden("ask for 127.0.0.1, [::1] or localhost: the Host is another");
    }
    if headers.contains_key(ORIGIN) {
        return forbidden("this is not for web pages: leave the Origin out");
    }
    match bearer(headers) {
        Some(given) if bool::from(given.as_bytes().ct_eq(token.as_bytes())) => Ok(()),
        _ => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "show the token of the profile: Authorization: Bearer TOKEN; \
             \"ringbook api token\" says in which file it is",
        )),
    }
}

/// The token that was shown (RFC 6750 §2.1), where there is one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (shown.next(), shown.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_loopback(host: &Authority) -> bool {
    let name = host.host().trim_matches(['[', ']']);
    let ip: Option<IpAddr> = name.parse().ok();
    let plain = !host.as_str().contains('@');
    plain && (name.eq_ignore_ascii_case("localhost") || ip.is_some_and(|ip| ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use hyper::header::HeaderName;

    use super::*;

    const TOKEN: &str = "a-token-that-nobody-can-guess-at-all";

    fn status(headers: &[(HeaderName, &str)], authority: Option<&str>) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        let authority: Option<Authority> = authority.map(|text| text.parse().unwrap());
        match admit(&map, authority.as_ref(), TOKEN) {
            Ok(()) => 200,
            Err(problem) => problem.status.as_u16(),
        }
    }

    #[test]
    fn only_a_loopback_host_without_an_origin_and_with_the_token_is_let_in() {
        let bearer = format!("Bearer {TOKEN}");
        let shown = |host| [(HOST, host), (AUTHORIZATION, &*bearer)];
        for host in [
            "127.0.0.1:8",
            "127.3.2.1",
            "[::1]:8",
            "localhost",
            "LOCALHOST:1",
        ] {
            assert_eq!(status(&shown(host), None), 200, "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "192.0.2.1",
            "a@127.0.0.1",
            "0.0.0.0",
            "[::]",
            "",
        ] {
            assert_eq!(status(&shown(host), None), 403, "{host}");
        }
        assert_eq!(status(&shown("localhost"), Some("localhost:1")), 200);
        assert_eq!(status(&shown("localhost"), Some("evil.example")), 403);
        let twice = [
            (HOST, "localhost"),
            (HOST, "localhost"),
            (AUTHORIZATION, &bearer),
        ];
        assert_eq!(status(&twice, None), 403);
        let page = [
            (HOST, "localhost"),
            (ORIGIN, "null"),
            (AUTHORIZATION, &bearer),
        ];
        assert_eq!(status(&page, None), 403);
    }

    #[test]
    fn another_token_and_another_way_to_show_it_are_refused() {
        for shown in [
            "Bearer wrong".to_owned(),
            format!("Basic {TOKEN}"),
            format!("Bearer {TOKEN}x"),
            format!("Bearer {}", &TOKEN[1..]),
            TOKEN.to_owned(),
            "Bearer ".to_owned(),
        ] {
            let headers = [(HOST, "localhost"), (AUTHORIZATION, &*shown)];
            assert_eq!(status(&headers, None), 401, "{shown}");
        }
        assert_eq!(status(&[(HOST, "localhost")], None), 401);
        let small = format!("bearer {TOKEN}");
        let headers = [(HOST, "localhost"), (AUTHORIZATION, &*small)];
        assert_eq!(status(&headers, None), 200);
        let twice = [
            (HOST, "localhost"),
            (AUTHORIZATION, &*small),
            (AUTHORIZATION, "Bearer x"),
        ];
        assert_eq!(status(&twice, None), 401);
    }
}
