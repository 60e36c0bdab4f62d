//! Random operations for the model tests.

use proptest::prelude::*;

use super::model::ops::Op;

/// Up to `max` operations, more scheduling than anything else.
pub(crate) fn ops(max: usize) -> impl Strategy<Value = Vec<Op>> {
    proptest::collection::vec(op(), 0..max)
}

/// A few crowds and up to `max` operations among them.
pub(crate) fn crowded_ops(max: usize) -> impl Strategy<Value = Vec<Op>> {
    let crowd = (0..60_u8, time()).prop_map(|(count, deadline)| Op::Crowd(count, deadline));
    (proptest::collection::vec(crowd, 1..5), ops(max)).prop_map(|(crowds, ops)| {
        let each = ops.len() / crowds.len() + 1;
        let mut rest = ops.into_iter();
        let mut all = vec![];
        for crowd in crowds {
            all.push(crowd);
            all.extend(rest.by_ref().take(each));
        }
        all
    })
}

fn op() -> impl Strategy<Value = Op> {
    let index = any::<u8>;
    prop_oneof![
        3 => any::<bool>().prop_map(|waking| Op::Make { waking }),
        1 => index().prop_map(Op::Drop),
        1 => index().prop_map(Op::Forget),
        8 => (index(), time()).prop_map(|(timer, deadline)| Op::Schedule(timer, deadline)),
        1 => (index(), 0..6_u8, time()).prop_map(|(first, len, at)| Op::Batch(first, len, at)),
        2 => index().prop_map(Op::Cancel),
        2 => time().prop_map(Op::Begin),
        4 => index().prop_map(Op::Next),
        1 => index().prop_map(Op::Drain),
        1 => index().prop_map(Op::DropPass),
        1 => index().prop_map(Op::LeakPass),
        1 => time().prop_map(Op::Forward),
        1 => time().prop_map(Op::Back),
    ]
}

/// Mostly small, so that deadlines meet; sometimes anything; sometimes the end of time.
fn time() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0..40_u64, 1 => any::<u64>(), 1 => (u64::MAX - 3)..=u64::MAX]
}
