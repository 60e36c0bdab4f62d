//! Who may ask at all.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::super::token::Token;
use super::Problem;

/// What a door asks of those who come.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard {
    /// The token that they must know.
    pub(super) token: Option<Arc<Token>>,
    /// They must not have been led here by a name that is someone else's to give.
    pub(super) only_own_names: bool,
}

/// Answered without a token: what says nothing about the service but whether it is there, and the
/// status page, which asks for the token itself.
const OPEN: [&str; 7] =
    ["/health/live", "/health/ready", "/", "/page.css", "/page.js", "/feed.js", "/plot.js"];

/// Lets a request through, or says why not.
pub(super) async fn guard(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let forbidden = |detail| Err(Problem::new(StatusCode::FORBIDDEN, detail));
    if is_foreign(request.headers()) {
        return forbidden("pages of other origins may not ask");
    }
    if guard.only_own_names && guard.token.is_none() && !has_own_name(request.headers()) {
        return forbidden("without a token, ask by address or as localhost");
    }
    if let Some(token) = &guard.token
        && !OPEN.contains(&request.uri().path())
        && !bearer(request.headers()).is_some_and(|given| token.is(given))
    {
        let detail = "say the token: Authorization: Bearer …";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
    }
    Ok(next.run(request).await)
}

/// Sent by a page that is not ours: a browser sends it along on behalf of whoever looks at the page,
/// and this listener trusts its neighbours.
fn is_foreign(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    origin.map(|(_, host)| host) != host
}

/// A name that any site may point at this address would make that site's pages ours.
fn has_own_name(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_page_is_foreign_unless_it_is_of_the_host_that_is_asked() {
        let from =
            |origin, host| is_foreign(&headers(&[(header::ORIGIN, origin), (header::HOST, host)]));
        assert!(!from("http://127.0.0.1:9002", "127.0.0.1:9002"));
        assert!(from("http://127.0.0.1:8080", "127.0.0.1:9002"));
        assert!(from("https://evil.example", "127.0.0.1:9002"));
        assert!(from("null", "127.0.0.1:9002"));
        assert!(!is_foreign(&headers(&[(header::HOST, "127.0.0.1:9002")])), "no page at all");
    }

    #[test]
    fn own_names_are_addresses_and_localhost() {
        let own = |host| has_own_name(&headers(&[(header::HOST, host)]));
        for host in
            ["127.0.0.1", "127.0.0.1:9002", "[::1]", "[::1]:9002", "localhost", "LocalHost:1"]
        {
            assert!(own(host), "{host}");
        }
        for host in ["evil.example", "evil.example:9002", "localhost.evil.example", "", "[evil]"] {
            assert!(!own(host), "{host}");
        }
        assert!(has_own_name(&HeaderMap::new()));
    }

    #[test]
    fn a_bearer_token_has_its_scheme() {
        let given =
            |value| bearer(&headers(&[(header::AUTHORIZATION, value)])).map(ToOwned::to_owned);
        assert_eq!(given("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(given("bearer  abc").as_deref(), Some("abc"));
        assert_eq!(given("Basic abc"), None);
        assert_eq!(given("abc"), None);
    }
}
