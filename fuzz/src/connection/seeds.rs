//! Plays to begin with.

/// All that is under way arrives.
const ARRIVE: [u8; 4] = [40, 0, 255, 1];

/// A connection, and its request.
const OPEN: [u8; 6] = [0, 0, 40, 0, 255, 1];
/// A text of the first client.
const SAY: [u8; 5] = [80, 0, 1, 1, 40];

/// Steps, behind their settings.
fn play(settings: u8, steps: &[&[u8]]) -> Vec<u8> {
    [&[settings], &steps.concat()[..]].concat()
}

/// Commands of the first client.
fn commands(list: &[u8]) -> Vec<u8> {
    let count = u8::try_from(list.len()).expect("a few");
    [&[112, 0, count], list, &ARRIVE].concat()
}

pub(super) fn all() -> Vec<(&'static str, Vec<u8>)> {
    [of_words(), of_ends()].concat()
}

/// What is said, and how it is heard.
fn of_words() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("an-echo", play(0, &[&OPEN, &SAY, &ARRIVE])),
        ("an-echo-at-once", play(32, &[&OPEN, &SAY, &ARRIVE])),
        (
            "half-of-an-echo-at-once",
            play(32, &[&OPEN, &[168, 0, 9, 0], &SAY, &SAY, &[128, 0], &ARRIVE, &[168, 0, 255, 1]]),
        ),
        ("an-echo-in-pieces", play(0, &[&[0, 3], &ARRIVE, &SAY, &[40, 0, 9, 1], &ARRIVE])),
        ("torn", play(0, &[&OPEN, &SAY, &[40, 0, 3, 1, 40, 0, 7, 0, 40, 0, 1, 1], &ARRIVE])),
        (
            "no-room",
            play(
                0,
                &[
                    &OPEN,
                    &[168, 0, 3, 0],
                    &SAY,
                    &SAY,
                    &ARRIVE,
                    &[128, 0],
                    &ARRIVE,
                    &[168, 0, 255, 1],
                ],
            ),
        ),
        (
            "too-much-for-a-deaf-peer",
            play(0, &[&OPEN, &[168, 0, 0, 0], &commands(&[13; 7]), &commands(&[13; 7])]),
        ),
        (
            "dropped-for-a-deaf-peer",
            play(
                2,
                &[
                    &OPEN,
                    &[168, 0, 0, 0],
                    &commands(&[13; 7]),
                    &commands(&[13; 7]),
                    &[168, 0, 255, 1],
                ],
            ),
        ),
        (
            "news",
            play(
                0,
                &[
                    &OPEN,
                    &OPEN[..2],
                    &[40, 1, 255, 1],
                    &commands(&[0]),
                    &[112, 1, 2, 0, 2, 40, 1, 255, 1],
                    &[32, 1, 32, 1],
                ],
            ),
        ),
        ("pieces-out", play(0, &[&OPEN, &commands(&[9, 13, 10, 13, 11]), &SAY, &ARRIVE])),
        (
            "pieces-out-without-an-end",
            play(0, &[&OPEN, &commands(&[9, 13, 14]), &SAY, &ARRIVE, &commands(&[15])]),
        ),
        ("a-timer", play(0, &[&OPEN, &commands(&[3]), &[16, 3, 0, 16, 3, 1], &commands(&[4, 4])])),
        (
            "paused-and-resumed",
            play(0, &[&OPEN, &commands(&[6]), &SAY, &ARRIVE, &[16, 7, 0, 184, 0, 0, 7], &ARRIVE]),
        ),
        (
            "a-pong-in-time",
            play(
                0,
                &[&OPEN, &[16, 5, 0, 136, 0], &ARRIVE, &[16, 5, 0, 136, 0], &ARRIVE, &[16, 7, 0]],
            ),
        ),
        ("hung-up-on", play(0, &[&OPEN, &[16, 5, 0, 16, 6, 0]])),
    ]
}

/// What goes on for too long, and how it ends.
fn of_ends() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a-leap", play(0, &[&OPEN, &SAY, &ARRIVE, &[16, 7, 1, 16, 7, 1]])),
        ("slow-loris", play(0, &[&[0, 0], &[40, 0, 9, 1, 16, 4, 0, 40, 0, 9, 1, 16, 4, 0]])),
        ("deferred-and-admitted", play(0, &[&[0, 5], &ARRIVE, &SAY, &ARRIVE, &[184, 0, 2, 0]])),
        ("deferred-and-rejected", play(0, &[&[0, 5], &ARRIVE, &[184, 0, 3, 0]])),
        ("rejected", play(0, &[&[0, 6], &ARRIVE, &SAY, &ARRIVE])),
        ("a-violation", play(0, &[&OPEN, &SAY, &[148, 0, 2, 0x81, 0x00], &ARRIVE])),
        (
            "closed-by-mail-and-by-the-peer",
            play(0, &[&OPEN, &[184, 0, 4, 0, 144, 0, 3, 0xe8], &ARRIVE]),
        ),
        ("gone", play(0, &[&OPEN, &SAY, &[208, 0, 0]])),
        ("gone-on-one-side", play(0, &[&OPEN, &[168, 0, 2, 0], &SAY, &ARRIVE, &[208, 0, 1]])),
        ("drained", play(0, &[&OPEN, &OPEN[..2], &SAY, &[32, 0], &ARRIVE, &[16, 4, 0]])),
        ("faster-than-allowed", play(4, &[&OPEN, &SAY.repeat(13), &ARRIVE, &[16, 3, 0], &ARRIVE])),
        ("flood", play(0, &[&OPEN, &[128, 0].repeat(20), &ARRIVE, &[216, 0], &[216, 0]])),
        (
            "too-long-in-pieces",
            play(
                1,
                &[
                    &[0, 3],
                    &ARRIVE,
                    &[80, 0, 1, 3, 250],
                    &ARRIVE,
                    &[160, 0, 1, 200],
                    &[b'x'; 200],
                    &[160, 0, 0, 250],
                    &[b'x'; 250],
                    &ARRIVE,
                ],
            ),
        ),
        (
            "compressed",
            play(0, &[&OPEN, &[160, 0, 0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0], &ARRIVE]),
        ),
    ]
}
