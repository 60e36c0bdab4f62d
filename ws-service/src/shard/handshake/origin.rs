//! Whose pages may connect: the guard against cross-site hijacking (RFC 6455 §10.2).

use http::header::{HOST, HeaderMap, ORIGIN};
use http::{HeaderValue, StatusCode};

use crate::shard::config::Origins;
use crate::shard::protocol::Rejection;

/// Admits a request without `Origin`, which no browser sends, and one whose `Origin` the policy allows.
pub(super) fn check(headers: &HeaderMap, allowed: &Origins) -> Result<(), Rejection> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let is_single = origins.next().is_none();
    if is_single && is_allowed(origin, headers, allowed) {
        Ok(())
    } else {
        Err(Rejection::new(StatusCode::FORBIDDEN, "pages of this origin may not connect"))
    }
}

fn is_allowed(origin: &HeaderValue, headers: &HeaderMap, allowed: &Origins) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    match allowed {
        Origins::Any => true,
        Origins::List(list) => list.iter().any(|it| it.eq_ignore_ascii_case(origin)),
        Origins::SameHost => headers
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .is_some_and(|host| is_same_host(origin, host)),
    }
}

/// Compares host and port. A scheme's own port may be left out on either side (RFC 6454 §4).
fn is_same_host(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let port = match scheme.to_ascii_lowercase().as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let plain =
        |authority: &str| authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase();
    !authority.is_empty() && plain(authority) == plain(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(allowed: &Origins, host: &'static str, origins: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        for origin in origins {
            headers.append(ORIGIN, HeaderValue::from_static(origin));
        }
        check(&headers, allowed).is_ok()
    }

    #[test]
    fn by_default_only_pages_of_the_same_host_may_connect() {
        for (host, origin) in [
            ("example.com", "http://example.com"),
            ("example.com", "https://example.com"),
            ("Example.com:80", "http://example.COM"),
            ("example.com", "https://example.com:443"),
            ("example.com:9001", "http://example.com:9001"),
            ("[::1]:9001", "http://[::1]:9001"),
        ] {
            assert!(admits(&Origins::SameHost, host, &[origin]), "{origin} at {host}");
        }
        for (host, origin) in [
            ("example.com", "http://evil.example"),
            ("example.com", "http://example.com:8080"),
            ("example.com:443", "http://example.com"),
            ("example.com", "http://example.com.evil.example"),
            ("example.com", "null"),
            ("example.com", "file://example.com"),
            ("example.com", "http://"),
            ("example.com", ""),
        ] {
            assert!(!admits(&Origins::SameHost, host, &[origin]), "{origin} at {host}");
        }
    }

    #[test]
    fn no_origin_is_no_browser() {
        for allowed in [Origins::SameHost, Origins::Any, Origins::List(Vec::new())] {
            assert!(admits(&allowed, "example.com", &[]));
        }
    }

    #[test]
    fn a_list_replaces_the_rule() {
        let list = Origins::List(vec!["https://app.example".into(), "null".into()]);
        assert!(admits(&list, "example.com", &["https://App.example"]));
        assert!(admits(&list, "example.com", &["null"]));
        assert!(!admits(&list, "example.com", &["http://example.com"]));
        assert!(admits(&Origins::Any, "example.com", &["null"]));
    }

    #[test]
    fn two_origins_are_none() {
        let two = ["http://example.com", "http://example.com"];
        assert!(!admits(&Origins::SameHost, "example.com", &two));
    }
}
