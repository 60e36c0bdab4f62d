//! The engine behind a lock, and the bell: all there is to the flavour but its public names.
//!
//! Generic over the lock so that loom can drive this very code. Each method locks once.
//!
//! Deliberately absent: user code under the lock. Everything that runs in [`Lock::with`] is ours.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::lock::Lock;
use super::sleep::Sleep;
use crate::engine::{Class, Engine, Node};

pub(super) struct State<T> {
    engine: Engine<T>,
    sleep: Sleep,
}

pub(super) struct Shared<T, L> {
    lock: L,
    wake: Box<dyn Fn() + Send + Sync>,
    engine_of: PhantomData<fn() -> T>,
}

impl<T: Copy, L: Lock<State<T>>> Shared<T, L> {
    pub(super) fn new(engine: Engine<T>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let state = State { engine, sleep: Sleep::Awake };
        Self { lock: L::new(state), wake: Box::new(wake), engine_of: PhantomData }
    }

    #[inline]
    pub(super) fn insert(&self, class: Class, token: T) -> Node {
        self.lock.with(|state| state.engine.insert(class, token))
    }

    #[inline]
    pub(super) fn remove(&self, node: Node) {
        self.lock.with(|state| state.engine.remove(node));
    }

    #[inline]
    pub(super) fn arm(&self, node: Node, deadline: u64) {
        self.arm_all(core::iter::once((node, deadline)));
    }

    /// Arms in order, under one lock, and rings at most once. The iterator must be ours.
    #[inline]
    pub(super) fn arm_all(&self, timers: impl Iterator<Item = (Node, u64)>) {
        let cut_short = self.lock.with(|state| {
            timers.fold(false, |cut_short, (node, deadline)| {
                let deadline = state.engine.arm(node, deadline);
                cut_short | state.sleep.is_cut_short_by(deadline)
            })
        });
        if cut_short {
            (self.wake)();
        }
    }

    #[inline]
    pub(super) fn disarm(&self, node: Node) -> bool {
        self.lock.with(|state| state.engine.disarm(node))
    }

    #[inline]
    pub(super) fn deadline(&self, node: Node) -> Option<u64> {
        self.lock.with(|state| state.engine.deadline(node))
    }

    #[inline]
    pub(super) fn token(&self, node: Node) -> T {
        self.lock.with(|state| state.engine.token(node))
    }

    #[inline]
    pub(super) fn earliest(&self) -> Option<u64> {
        self.lock.with(|state| state.engine.earliest())
    }

    pub(super) fn earliest_waking(&self) -> Option<u64> {
        self.lock.with(|state| state.engine.earliest_of(Class::Waking))
    }

    /// The earliest deadline, which the bell is set to from here on.
    pub(super) fn prepare_sleep(&self) -> Option<u64> {
        self.lock.with(|state| {
            let earliest = state.engine.earliest();
            state.sleep = Sleep::Until(earliest);
            earliest
        })
    }

    /// Opens a pass; whoever does is awake.
    #[inline]
    pub(super) fn begin_pass(&self, now: u64) -> u64 {
        self.lock.with(|state| {
            state.sleep = Sleep::Awake;
            state.engine.begin_pass(now)
        })
    }

    #[inline]
    pub(super) fn next_due(&self, pass: u64) -> Option<(T, u64)> {
        self.lock.with(|state| state.engine.next_due(pass))
    }

    #[inline]
    pub(super) fn end_pass(&self, pass: u64) {
        self.lock.with(|state| state.engine.end_pass(pass));
    }

    pub(super) fn shift(&self, change: impl Fn(u64) -> u64) {
        self.lock.with(|state| {
            state.engine.shift(&change);
            state.sleep.shift(&change);
        });
    }

    pub(super) fn armed(&self) -> Vec<(T, u64)> {
        self.lock.with(|state| state.engine.armed())
    }

    pub(super) fn len(&self) -> usize {
        self.lock.with(|state| state.engine.len())
    }
}
