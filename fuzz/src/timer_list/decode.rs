//! From bytes to operations: one byte says which, those after it with what. Every input is valid.

use super::model::ops::Op;

/// The operations that `input` stands for.
pub(super) fn ops(input: &[u8]) -> impl Iterator<Item = Op> {
    let mut bytes = input.iter().copied();
    std::iter::from_fn(move || op(&mut bytes))
}

fn op(bytes: &mut impl Iterator<Item = u8>) -> Option<Op> {
    let kind = bytes.next()?;
    let mut byte = || bytes.next().unwrap_or(0);
    Some(match kind % 24 {
        0..4 => Op::Make { waking: kind >= 128 },
        4 => Op::Drop(byte()),
        5 if kind >= 128 => Op::Crowd(byte() % 16, time(&mut byte)),
        5 => Op::Forget(byte()),
        6..12 => Op::Schedule(byte(), time(&mut byte)),
        12 => Op::Batch(byte(), byte(), time(&mut byte)),
        13 | 14 => Op::Cancel(byte()),
        15 | 16 => Op::Begin(time(&mut byte)),
        17..20 => Op::Next(byte()),
        20 => Op::Drain(byte()),
        21 => Op::DropPass(byte()),
        22 => Op::LeakPass(byte()),
        _ if kind >= 128 => Op::Forward(time(&mut byte)),
        _ => Op::Back(time(&mut byte)),
    })
}

/// Mostly small, so that deadlines meet; sometimes large; sometimes at the end of time.
fn time(byte: &mut impl FnMut() -> u8) -> u64 {
    match byte() {
        small @ 0..200 => u64::from(small) / 2,
        shift @ 200..250 => u64::from(byte()) << (shift - 200),
        end => u64::MAX - u64::from(end - 250),
    }
}
