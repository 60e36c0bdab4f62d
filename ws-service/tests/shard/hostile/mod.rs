//! How servers like this one were broken by what was sent to them: each a test.
//!
//! | sent | must happen | bound meanwhile | test |
//! |---|---|---|---|
//! | a head, byte by byte (tungstenite CVE-2023-43669) | 431 at the size limit | thrice the limit; each byte is looked at once, and parsed once | `heads::a_head_that_comes_byte_by_byte`, and `work::a_head_is_read_once_however_it_comes` in the crate |
//! | thousands of header fields (ws CVE-2024-37890) | 431 | twice the size limit | `heads::thousands_of_header_fields` |
//! | thousands of subprotocols (ws CVE-2021-32640) | 101, or 400 | few allocations; n log n comparisons | `heads::a_list_of_thousands_of_subprotocols`, and `work::subprotocols_are_not_compared_each_with_each` in the crate |
//! | thousands of extensions | 101 without them | twice the size limit | `heads::a_list_of_thousands_of_extensions` |
//! | a request with a body | 400, the end | 16 KiB, nothing kept | `upgrades::a_request_with_a_body` |
//! | bytes pipelined behind a request | served; 431 where too many wait for an answer | what has come | `upgrades::frames_behind_a_request`, `defer::what_is_pipelined_behind_a_deferred_request_is_limited` |
//! | a request behind a request | 1002: those are frames | what has come | `upgrades::a_request_behind_a_request` |
//! | a wrong version | 426 and the right one, the end | 16 KiB, nothing kept | `upgrades::a_wrong_version_is_answered_with_the_right_one` |
//! | a plain GET | 426 in words, the end | 16 KiB, nothing kept | `upgrades::a_plain_get_is_told_to_upgrade_in_words` |
//! | `Connection` in several lines | all of them count | – | `upgrades::lists_in_several_lines` |
//! | no `Host`, two, a malformed one | 400, the end | 16 KiB, nothing kept | `upgrades::hosts` |
//! | other fields twice | 400, 403 or 426, the end | 16 KiB, nothing kept | `upgrades::fields_that_may_come_once_and_come_twice` |
//! | the page of another site (cross-site hijacking) | 403, the protocol is not asked | 16 KiB, nothing kept | `upgrades::the_page_of_another_site` |
//! | an abort at every step (lws) | a session is told once; without one nobody is | nothing kept | `aborts` |
//! | a request a byte a second (slow-loris) | 408 at the handshake deadline | twice what has come | `slow::a_request_a_byte_a_second`, `slow::thousands_of_requests_that_never_end` |
//! | a message a byte a second | 1008 at the message deadline | what has come | `slow::a_message_a_byte_a_second` |
//! | a read a byte a second | the end when that stops | what is queued | `slow::a_peer_that_reads_a_byte_a_second` |
//! | no answer to our Close (Tomcat CVE-2024-23672) | the end at the close deadline | nothing that comes is kept | `slow::a_close_that_is_never_answered` |
//! | a declared length (RUSTSEC-2022-0035) | its bytes are awaited | thrice what has come | `sizes::a_declared_length_allocates_nothing` |
//! | lengths of 2⁶³ to 2⁶⁴ − 1 (gorilla CVE-2020-27813, Tomcat CVE-2020-13935) | 1002 | 512 bytes, nothing kept | `sizes::lengths_with_the_highest_bit` |
//! | a message beyond its limit | 1009 before its data | 512 bytes, nothing kept | `sizes::a_message_is_too_long_before_its_data_arrives` |
//! | endless tiny or empty fragments (ws CVE-2026-48779, Netty CVE-2014-0193) | 1008 at the limit | four times the message; a few allocations | `floods::endless_fragments_end_at_the_limit`, `floods::fragments_cost_what_they_carry` |
//! | a bomb that inflates to gigabytes (GHSA-frh3-6pv6-rc8j, GHSA-hf5h-hh56-3vrg) | 1009 at the limit | thrice the limit | `floods::a_decompression_bomb`; a turn's budget: `deflate::a_turn_inflates_no_more_than_its_budget…` |
//! | millions of streams in one message, each two bytes | 1008 where there are more than frames may be | no allocation each | `floods::streams_that_end_without_end` |
//! | requests for output, and no read (RUSTSEC-2020-0043) | 1013 at the limit | twice the limit | `floods::requests_for_output_that_is_never_read` |
//! | pings without end | a pong each; the newest, where none is read | a turn's frames | `floods::a_flood_of_pings`, `floods::a_flood_of_pings_that_nobody_wants_answered` |
//! | control frames in fragments, or too long | 1002 at their second byte | 512 bytes, nothing kept | `frames::control_frames_in_fragments`, `frames::control_frames_that_are_too_long` |
//! | reserved bits and opcodes | 1002 at their second byte | 512 bytes, nothing kept | `frames::reserved_bits`, `frames::reserved_opcodes` |
//! | frames without a mask | 1002 at their second byte | 512 bytes, nothing kept | `frames::frames_without_a_mask` |
//! | frames out of sequence | 1002 | 512 bytes, nothing kept | `frames::frames_out_of_sequence` |
//! | text that is no UTF-8 | 1007 at the first impossible byte | 512 bytes, nothing kept; each byte is looked at once a piece | `text::invalid_text_fails_at_its_first_impossible_byte`, and `work::text_is_read_once_however_it_comes` in the crate |
//! | a close reason that is no UTF-8 | 1007 | 512 bytes, nothing kept | `text::a_close_reason_that_is_no_text` |
//! | close codes that must not be sent | 1002 | 512 bytes, nothing kept | `text::close_codes_that_must_not_be_sent` |
//!
//! Bounds are on memory, beyond what the shard held before, and on work: calls, turns, bytes. *Kept* is what is
//! still held when the answer is out and the peer is yet to go. No time is measured here.

mod aborts;
mod floods;
mod frames;
mod heads;
mod sizes;
mod slow;
mod text;
mod upgrades;
mod violates;
