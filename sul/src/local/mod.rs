//! The local flavour: a list and its handles share an engine on one thread.
//!
//! Every method borrows the engine for its own length and calls no user code meanwhile, so the
//! borrows never meet.

mod expired;
mod list;
mod timer;

use alloc::rc::Rc;
use core::cell::RefCell;

use crate::engine::Engine;

pub use expired::Expired;
pub use list::TimerList;
pub use timer::Timer;

type Shared<T> = Rc<RefCell<Engine<T>>>;
