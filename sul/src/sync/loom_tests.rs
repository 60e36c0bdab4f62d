//! Every interleaving of a few threads over [`Shared`], on loom's mutex.
//!
//! These are the production methods; the public handles only call them.

use core::sync::atomic::Ordering::SeqCst;
use std::sync::Arc;
use std::vec::Vec;

use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::lock::Lock;
use super::shared::{Shared, State};
use crate::engine::Class::Ordinary;
use crate::engine::{Engine, Node};

impl<S> Lock<S> for Mutex<S> {
    fn new(state: S) -> Self {
        Self::new(state)
    }

    fn with<R>(&self, work: impl FnOnce(&mut S) -> R) -> R {
        work(&mut self.lock().expect("no test panics under the lock"))
    }
}

type List = Arc<Shared<u32, Mutex<State<u32>>>>;

fn new_list(wake: impl Fn() + Send + Sync + 'static) -> List {
    Arc::new(Shared::new(Engine::with_capacity(3, 0), wake))
}

/// A list of which one timer is due at 10, and that timer's node.
fn list_with_one_due() -> (List, Node) {
    let list = new_list(|| {});
    let node = list.insert(Ordinary, 1);
    list.arm(node, 10);
    (list, node)
}

fn drain(list: &List, now: u64) -> Vec<(u32, u64)> {
    let pass = list.begin_pass(now);
    let due = core::iter::from_fn(|| list.next_due(pass)).collect();
    list.end_pass(pass);
    due
}

/// What a thread sleeps on: a flag that stays set, so that no ring before the wait is lost.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().expect("no panics") = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().expect("no panics");
        while !*rung {
            rung = self.changed.wait(rung).expect("no panics");
        }
        *rung = false;
    }
}

/// The owner sleeps for as long as it is told and no longer: loom would report the deadlock.
#[test]
fn wake_ups_are_never_lost() {
    loom::model(|| {
        let bell = Arc::new(Bell::default());
        let waker = Arc::clone(&bell);
        let list = new_list(move || waker.ring());
        let producers: Vec<_> = [7, 5]
            .map(|deadline| {
                let list = Arc::clone(&list);
                let node = list.insert(Ordinary, 0);
                thread::spawn(move || list.arm(node, deadline))
            })
            .into();

        // Nothing is due before 5, and all is at 7: the owner's clock is what it was told.
        let mut delivered = 0;
        while delivered < 2 {
            let now = list.prepare_sleep().unwrap_or_else(|| {
                bell.wait();
                0
            });
            delivered += drain(&list, now).len();
        }
        for producer in producers {
            producer.join().expect("no panics");
        }
    });
}

/// Whatever the order, at most one ring, and exactly one if the sleep would have been too long.
#[test]
fn a_sleep_is_rung_out_of_once_and_only_by_an_earlier_deadline() {
    loom::model(|| {
        let rings = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&rings);
        let list = new_list(move || _ = counter.fetch_add(1, SeqCst));
        let node = list.insert(Ordinary, 0);
        list.arm(node, 10);
        let producers: Vec<_> = [9, 11]
            .map(|deadline| {
                let list = Arc::clone(&list);
                let node = list.insert(Ordinary, 0);
                thread::spawn(move || list.arm(node, deadline))
            })
            .into();

        let until = list.prepare_sleep();
        for producer in producers {
            producer.join().expect("no panics");
        }
        assert_eq!(rings.load(SeqCst), usize::from(until == Some(10)));
    });
}

/// The wake function may use the list: it is called outside the lock.
#[test]
fn the_wake_function_is_called_outside_the_lock() {
    loom::model(|| {
        let slot: Arc<Mutex<Option<List>>> = Arc::new(Mutex::new(None));
        let reader = Arc::clone(&slot);
        let list = new_list(move || {
            let list = reader.lock().expect("no panics").take();
            assert_eq!(list.map(|list| list.earliest()), Some(Some(3)));
        });
        *slot.lock().expect("no panics") = Some(Arc::clone(&list));
        assert_eq!(list.prepare_sleep(), None);
        let producer = {
            let list = Arc::clone(&list);
            thread::spawn(move || {
                let node = list.insert(Ordinary, 0);
                list.arm(node, 3);
            })
        };
        producer.join().expect("no panics");
    });
}

#[test]
fn a_cancelled_timer_is_never_delivered_and_a_delivered_one_never_cancelled() {
    loom::model(|| {
        let (list, node) = list_with_one_due();
        let other = {
            let list = Arc::clone(&list);
            thread::spawn(move || list.disarm(node))
        };
        let delivered = !drain(&list, 10).is_empty();
        let cancelled = other.join().expect("no panics");
        assert!(delivered != cancelled, "delivered {delivered}, cancelled {cancelled}");
    });
}

#[test]
fn a_timer_dropped_during_expiry_is_not_delivered_afterwards() {
    loom::model(|| {
        let (list, node) = list_with_one_due();
        let gone = Arc::new(AtomicBool::new(false));
        let dropper = {
            let (list, gone) = (Arc::clone(&list), Arc::clone(&gone));
            thread::spawn(move || {
                list.remove(node);
                gone.store(true, SeqCst);
                // Its slot serves another timer, which is not armed and so not delivered.
                list.insert(Ordinary, 2)
            })
        };
        let pass = list.begin_pass(10);
        let was_gone = gone.load(SeqCst);
        let due = list.next_due(pass);
        assert!(due.is_none() || (due == Some((1, 10)) && !was_gone), "{due:?}");
        let reused = dropper.join().expect("no panics");
        assert_eq!(list.next_due(pass), None);
        assert_eq!((list.token(reused), list.len()), (2, 0));
    });
}

#[test]
fn a_timer_moved_during_expiry_is_delivered_once_per_deadline_and_never_late() {
    loom::model(|| {
        let (list, node) = list_with_one_due();
        let mover = {
            let list = Arc::clone(&list);
            thread::spawn(move || list.arm(node, 20))
        };
        let first = drain(&list, 10);
        mover.join().expect("no panics");
        assert!(first.is_empty() || first == [(1, 10)], "{first:?}");
        assert_eq!(drain(&list, 20), [(1, 20)]);
    });
}

/// Two threads in `expire` at once: the newer pass wins and nothing is delivered twice or lost.
#[test]
fn two_passes_at_once_deliver_each_timer_once() {
    loom::model(|| {
        let (list, _) = list_with_one_due();
        let second = list.insert(Ordinary, 2);
        list.arm(second, 10);
        let other = {
            let list = Arc::clone(&list);
            thread::spawn(move || drain(&list, 10))
        };
        let mut due = drain(&list, 10);
        due.extend(other.join().expect("no panics"));
        due.extend(drain(&list, 10));
        due.sort_unstable();
        assert_eq!(due, [(1, 10), (2, 10)]);
    });
}
