//! What the owner of a shared list went to sleep on.

pub(super) enum Sleep {
    /// The owner will look at the list before it sleeps: nobody needs to ring.
    Awake,
    /// The owner sleeps until this deadline, or until rung if there is none.
    Until(Option<u64>),
}

impl Sleep {
    /// Whether the owner must be woken because `deadline` is now armed; if so it counts as awake
    /// from here on, so that a sleep is rung out of once.
    #[inline]
    pub(super) fn is_cut_short_by(&mut self, deadline: u64) -> bool {
        let cut_short = match *self {
            Self::Awake => false,
            Self::Until(until) => until.is_none_or(|until| deadline < until),
        };
        if cut_short {
            *self = Self::Awake;
        }
        cut_short
    }

    /// Moves along with the deadlines: what is left of the sleep does not change.
    pub(super) fn shift(&mut self, change: impl Fn(u64) -> u64) {
        if let Self::Until(Some(until)) = self {
            *until = change(*until);
        }
    }
}
