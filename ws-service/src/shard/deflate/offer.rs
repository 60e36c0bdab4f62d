//! What a client offers, and what is made of it (RFC 7692 §5.1, §7.1).

use std::fmt::Write;

use http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};

use super::{MAX_BITS, MIN_BITS};
use crate::shard::config::{Compression, CompressionMode};

const NAME: &str = "permessage-deflate";

/// What both sides have agreed on, as far as it binds us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shard) struct Agreement {
    /// We take our context over from message to message.
    pub(super) server_keeps: bool,
    /// The client does.
    pub(super) client_keeps: bool,
    /// Our window, as a power of two.
    pub(super) server_bits: u8,
}

impl Agreement {
    /// Our window's place among all there are.
    pub(super) const fn window(self) -> usize {
        (self.server_bits - MIN_BITS) as usize
    }
}

/// One offer, well-formed.
#[derive(Debug, Default)]
struct Offer {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// Without a value it only says that the client understands the parameter: any window will do.
    client_max_window_bits: Option<u8>,
}

/// Accepts the first offer that can be honoured: the agreement, and the field that tells the client.
pub(in crate::shard) fn negotiate(
    headers: &HeaderMap,
    config: &Compression,
) -> Option<(Agreement, HeaderValue)> {
    if config.mode == CompressionMode::Off {
        return None;
    }
    let offers = headers
        .get_all(SEC_WEBSOCKET_EXTENSIONS)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let agreement = offers.filter_map(parse).find_map(|offer| accept(&offer, config));
    let (agreement, answer) = agreement?;
    Some((agreement, HeaderValue::from_str(&answer).ok()?))
}

/// Reads one offer; `None` if it is for another extension, or for a version that we don't know: an
/// unknown, repeated or malformed parameter declines the offer (§7.1).
fn parse(offer: &str) -> Option<Offer> {
    let mut parts = offer.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let mut result = Offer::default();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start())?)),
            None => (part, None),
        };
        let is_new = match (name.to_ascii_lowercase().as_str(), value) {
            ("server_no_context_takeover", None) => {
                !std::mem::replace(&mut result.server_no_context_takeover, true)
            }
            ("client_no_context_takeover", None) => {
                !std::mem::replace(&mut result.client_no_context_takeover, true)
            }
            ("server_max_window_bits", Some(value)) => {
                result.server_max_window_bits.replace(bits(value)?).is_none()
            }
            ("client_max_window_bits", value) => {
                let limit = value.map_or(Some(MAX_BITS), bits)?;
                result.client_max_window_bits.replace(limit).is_none()
            }
            _ => false,
        };
        if !is_new {
            return None;
        }
    }
    Some(result)
}

/// A parameter's value may be quoted (RFC 6455 §9.1).
fn unquoted(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"'),
        None => Some(value),
    }
}

/// 8 to 15, without leading zeros (§7.1.2).
fn bits(value: &str) -> Option<u8> {
    let bits = value.parse().ok().filter(|bits| (8..=MAX_BITS).contains(bits))?;
    (!value.starts_with(['0', '+'])).then_some(bits)
}

fn accept(offer: &Offer, config: &Compression) -> Option<(Agreement, String)> {
    let is_shared = config.mode == CompressionMode::Shared;
    let server_bits = offer.server_max_window_bits.unwrap_or(MAX_BITS).min(config.window_bits);
    if server_bits < MIN_BITS {
        // zlib has no window of 256 bytes for a compressor.
        return None;
    }
    // Our inflaters have room for any window: a smaller one is for the client's sake, where it keeps it.
    let ours = if is_shared { MAX_BITS } else { config.window_bits };
    let client_bits = offer.client_max_window_bits.map(|limit| limit.min(ours));
    let agreement = Agreement {
        server_keeps: !is_shared && !offer.server_no_context_takeover,
        client_keeps: !is_shared && !offer.client_no_context_takeover,
        server_bits,
    };
    let mut answer = NAME.to_owned();
    if !agreement.server_keeps {
        answer.push_str("; server_no_context_takeover");
    }
    if !agreement.client_keeps {
        answer.push_str("; client_no_context_takeover");
    }
    if offer.server_max_window_bits.is_some() || server_bits < MAX_BITS {
        let _ = write!(answer, "; server_max_window_bits={server_bits}");
    }
    if let Some(bits) = client_bits.filter(|&bits| bits < MAX_BITS) {
        let _ = write!(answer, "; client_max_window_bits={bits}");
    }
    Some((agreement, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(mode: CompressionMode, window_bits: u8, offers: &[&str]) -> Option<String> {
        let config = Compression { mode, window_bits, ..Compression::default() };
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_str(offer).unwrap());
        }
        let (_, answer) = negotiate(&headers, &config)?;
        Some(answer.to_str().unwrap().replace(NAME, "pmd"))
    }

    fn dedicated(offer: &str) -> Option<String> {
        answer(CompressionMode::Dedicated, 15, &[offer])
    }

    #[test]
    fn parameters_are_answered_as_the_rfc_says() {
        let cases = [
            ("permessage-deflate", "pmd"),
            ("Permessage-Deflate", "pmd"),
            ("permessage-deflate; client_max_window_bits", "pmd"),
            ("permessage-deflate; server_no_context_takeover", "pmd; server_no_context_takeover"),
            ("permessage-deflate ;client_no_context_takeover", "pmd; client_no_context_takeover"),
            ("permessage-deflate; server_max_window_bits=10", "pmd; server_max_window_bits=10"),
            ("permessage-deflate; server_max_window_bits=\"15\"", "pmd; server_max_window_bits=15"),
            ("permessage-deflate; client_max_window_bits=9", "pmd; client_max_window_bits=9"),
        ];
        for (offer, expected) in cases {
            assert_eq!(dedicated(offer).as_deref(), Some(expected), "{offer}");
        }
    }

    #[test]
    fn offers_that_cannot_be_honoured_are_declined() {
        for offer in [
            "x-webkit-deflate-frame",
            "permessage-deflate; unknown",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=010",
            "permessage-deflate; server_max_window_bits=+9",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=\"9",
            "permessage-deflate; client_max_window_bits=9; client_max_window_bits",
            "permessage-deflate;",
            "",
        ] {
            assert_eq!(dedicated(offer), None, "{offer}");
        }
    }

    #[test]
    fn the_first_offer_that_can_be_honoured_is_accepted() {
        let all = "foo, permessage-deflate; server_max_window_bits=8, permessage-deflate";
        assert_eq!(dedicated(all).as_deref(), Some("pmd"));
        let lines = ["permessage-deflate; x", "permessage-deflate; server_max_window_bits=9"];
        assert_eq!(
            answer(CompressionMode::Dedicated, 15, &lines).as_deref(),
            Some("pmd; server_max_window_bits=9")
        );
    }

    #[test]
    fn a_smaller_window_of_ours_is_announced() {
        assert_eq!(
            answer(CompressionMode::Dedicated, 11, &["permessage-deflate; client_max_window_bits"]),
            Some("pmd; server_max_window_bits=11; client_max_window_bits=11".into())
        );
    }

    #[test]
    fn shared_streams_take_no_context_over() {
        assert_eq!(
            answer(CompressionMode::Shared, 15, &["permessage-deflate"]).as_deref(),
            Some("pmd; server_no_context_takeover; client_no_context_takeover")
        );
        assert_eq!(answer(CompressionMode::Off, 15, &["permessage-deflate"]), None);
    }
}
