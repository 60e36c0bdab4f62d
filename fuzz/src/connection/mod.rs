//! A few connections of one shard: bytes, time, room, mail and ends, in any order.

mod client;
mod judge;
mod play;
mod seeds;
mod witness;

use crate::choices::Choices;
use play::Play;

/// More steps than this only take longer.
const MOST: usize = 300;

/// Plays what `input` stands for.
///
/// # Panics
/// A session hears or says something else than it should, or is not told its end exactly once; memory is held beyond
/// the limits; a connection outlives its deadlines; or the shard breaks its own law.
pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut play = Play::new(&mut choices);
    for _ in 0..MOST {
        if choices.is_empty() {
            break;
        }
        play.step(&mut choices);
    }
    play.finish();
}

/// Inputs to begin with.
#[must_use]
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    seeds::all()
}
