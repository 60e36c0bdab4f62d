//! The subprotocols that a client offers (RFC 6455 §4.1, §11.3.4).

use std::cmp::Ordering;

use http::header::{HeaderMap, SEC_WEBSOCKET_PROTOCOL};

use super::head::bad_request;
use crate::shard::protocol::Rejection;

/// What the client offers, in its order of preference, over all header lines.
pub(in crate::shard) fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// Refuses a list with something else than tokens in it, or with one of them twice (§4.1).
pub(super) fn check(headers: &HeaderMap) -> Result<(), Rejection> {
    let are_text = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().all(|it| it.to_str().is_ok());
    let mut names: Vec<&str> = offered(headers).collect();
    if !are_text || !names.iter().all(|name| is_token(name)) {
        return Err(bad_request("Sec-WebSocket-Protocol is no list of tokens"));
    }
    // Sorted, because comparing each with each would be quadratic in what a stranger sends.
    names.sort_unstable_by(|one, other| order(one, other));
    if names.windows(2).any(|pair| order(pair[0], pair[1]).is_eq()) {
        return Err(bad_request("Sec-WebSocket-Protocol names one twice"));
    }
    Ok(())
}

fn order(one: &str, other: &str) -> Ordering {
    #[cfg(test)]
    crate::shard::work::add(1);
    one.cmp(other)
}

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn the_order_is_the_clients_over_all_lines() {
        let headers = headers(&["chat.v2, chat.v1", "superchat"]);
        assert_eq!(check(&headers), Ok(()));
        assert_eq!(offered(&headers).collect::<Vec<_>>(), ["chat.v2", "chat.v1", "superchat"]);
        assert_eq!(offered(&HeaderMap::new()).count(), 0);
    }

    #[test]
    fn what_is_no_list_of_different_tokens_is_refused() {
        for lines in [&["a,,b"][..], &[""], &["a b"], &["a,b,a"], &["a", "a"], &["a;q=1"]] {
            assert!(check(&headers(lines)).is_err(), "{lines:?}");
        }
    }
}
