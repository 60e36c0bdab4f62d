//! Every session that `accept` gave out is taken back by `closed`, exactly once.

use super::{Checked, ensure, entry};

#[derive(Default)]
pub(crate) struct ClosedOnce {
    sessions: Vec<Life>,
}

#[derive(Default)]
struct Life {
    accepted: u32,
    closed: u32,
}

impl ClosedOnce {
    pub(crate) fn accepted(&mut self, id: u32) -> Checked {
        let life = entry(&mut self.sessions, id);
        life.accepted += 1;
        ensure(life.accepted == 1, || format!("{id} was accepted {} times", life.accepted))
    }

    pub(crate) fn closed(&mut self, id: u32) -> Checked {
        let life = entry(&mut self.sessions, id);
        life.closed += 1;
        let Life { accepted, closed } = *life;
        ensure(closed <= accepted, || format!("{id} was closed {closed} times of {accepted}"))
    }

    /// A session was dropped and not given back.
    pub(crate) fn lost(id: u32) -> Checked {
        Err(format!("the session of {id} was dropped without being closed"))
    }

    /// Whether a session has begun and has not ended.
    pub(crate) fn is_alive(&self, id: u32) -> bool {
        self.sessions.get(id as usize).is_some_and(|life| life.accepted > life.closed)
    }

    pub(crate) fn finish(&self) -> Checked {
        let mut ids = self.sessions.iter().enumerate();
        match ids.find(|(_, life)| life.accepted != life.closed) {
            Some((id, life)) => Err(format!("{id} was closed {} times", life.closed)),
            None => Ok(()),
        }
    }
}
