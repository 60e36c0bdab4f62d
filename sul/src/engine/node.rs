//! What a handle has of its timer: a slot, and in which class.

/// Whether a timer is worth waking a suspended system for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Ordinary,
    Waking,
}

/// One number, so that a handle is a pointer and a number and travels in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Node(u32);

const WAKING: u32 = 1 << 31;

/// How many timers of a class a list can hold: 2,147,483,647. Slots count from 1.
pub(crate) const MAX_SLOT: u32 = WAKING - 1;

impl Node {
    #[inline]
    pub(super) const fn new(class: Class, slot: u32) -> Self {
        match class {
            Class::Ordinary => Self(slot),
            Class::Waking => Self(slot | WAKING),
        }
    }

    #[inline]
    pub(super) const fn class(self) -> Class {
        if self.0 & WAKING == 0 { Class::Ordinary } else { Class::Waking }
    }

    #[inline]
    pub(super) const fn slot(self) -> u32 {
        self.0 & MAX_SLOT
    }
}
