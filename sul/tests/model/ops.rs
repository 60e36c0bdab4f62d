//! What can be done to a list, in a form that chance can make.

/// Indices pick among what there is, modulo how much there is; with nothing to pick, nothing is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Make {
        waking: bool,
    },
    /// Makes so many, of either class in turn, and arms them around a deadline.
    Crowd(u8, u64),
    Drop(u8),
    Forget(u8),
    Schedule(u8, u64),
    Batch(u8, u8, u64),
    Cancel(u8),
    Begin(u64),
    Next(u8),
    Drain(u8),
    DropPass(u8),
    LeakPass(u8),
    Forward(u64),
    Back(u64),
}
