//! Who may come in: one table for the service, asked by all threads.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use slotmap::SecondaryMap;

use crate::shard::{ConnectionKey, Peer};

/// How many there may be; `None` means any number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) connections: usize,
    pub(super) handshakes: usize,
    pub(super) per_address: Option<usize>,
}

/// The places of the whole service.
#[derive(Debug)]
pub(super) struct Admission {
    connections: AtomicUsize,
    /// Connections whose handshake is under way.
    handshakes: AtomicUsize,
    /// Connections by where they come from, while there are any. Nothing is counted without a limit.
    by_origin: Mutex<HashMap<Origin, usize>>,
    bounds: Bounds,
}

/// Why someone was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The service has as many connections as it may have.
    Connections,
    /// So many handshakes are under way.
    Handshakes,
    /// So many have come from there.
    Address,
}

/// Where peers come from that count as one: an address, or 64 bits of one of version 6, of which a
/// single host has as many as it likes (RFC 4291 §2.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Origin {
    V4(u32),
    V6(u64),
}

impl Origin {
    fn of(peer: Peer) -> Option<Self> {
        Some(match peer.ip()?.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6(host_net(address.to_bits())),
        })
    }
}

/// The upper half.
const fn host_net(address: u128) -> u64 {
    (address >> 64) as u64
}

impl Admission {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            connections: AtomicUsize::new(0),
            handshakes: AtomicUsize::new(0),
            by_origin: Mutex::default(),
            bounds,
        }
    }

    fn enter_from(&self, origin: Origin) -> Result<(), Full> {
        let limit = self.bounds.per_address.unwrap_or(usize::MAX);
        let mut by_origin = self.by_origin.lock();
        let count = by_origin.entry(origin).or_default();
        if *count >= limit {
            return Err(Full::Address);
        }
        *count += 1;
        Ok(())
    }

    fn leave_to(&self, origin: Origin) {
        if let Entry::Occupied(mut entry) = self.by_origin.lock().entry(origin) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

/// A thread's part in it: which of its connections have which places.
#[derive(Debug)]
pub(super) struct Gate {
    admission: Arc<Admission>,
    /// Where its connections come from, if that counts.
    origins: SecondaryMap<ConnectionKey, Origin>,
    /// Its handshakes, as the service knows them.
    handshakes: usize,
}

/// Places that were taken, for a connection that is yet to be.
#[derive(Debug)]
#[must_use]
pub(super) struct Pass(Option<Origin>);

impl Pass {
    /// It is good for once.
    const fn used(self) -> Option<Origin> {
        self.0
    }
}

impl Gate {
    pub(super) fn new(admission: Arc<Admission>) -> Self {
        Self { admission, origins: SecondaryMap::new(), handshakes: 0 }
    }

    /// Takes places for a connection: as one more, in its handshake, and from where it comes, unless
    /// that is a proxy, whose clients count each by its own.
    pub(super) fn enter(&mut self, peer: Peer, is_proxy: bool) -> Result<Pass, Full> {
        let Admission { connections, handshakes, bounds, .. } = &*self.admission;
        take(connections, bounds.connections).ok_or(Full::Connections)?;
        if take(handshakes, bounds.handshakes).is_none() {
            give_back(connections, 1);
            return Err(Full::Handshakes);
        }
        let origin = if is_proxy { None } else { self.counted(peer) };
        if let Some(origin) = origin
            && let Err(full) = self.admission.enter_from(origin)
        {
            give_back(handshakes, 1);
            give_back(connections, 1);
            return Err(full);
        }
        self.handshakes += 1;
        Ok(Pass(origin))
    }

    /// The connection is there: it keeps its places until it [leaves](Self::leave).
    pub(super) fn keep(&mut self, key: ConnectionKey, pass: Pass) {
        if let Some(origin) = pass.used() {
            self.origins.insert(key, origin);
        }
    }

    /// Nothing came of the connection. Its handshake goes with [`settle`](Self::settle).
    pub(super) fn give_back(&self, pass: Pass) {
        give_back(&self.admission.connections, 1);
        if let Some(origin) = pass.used() {
            self.admission.leave_to(origin);
        }
    }

    /// A proxy has said for whom it connects.
    pub(super) fn introduce(&mut self, key: ConnectionKey, peer: Peer) -> Result<(), Full> {
        if let Some(origin) = self.counted(peer) {
            self.admission.enter_from(origin)?;
            self.origins.insert(key, origin);
        }
        Ok(())
    }

    /// A connection has ended.
    pub(super) fn leave(&mut self, key: ConnectionKey) {
        let origin = self.origins.remove(key);
        self.give_back(Pass(origin));
    }

    /// Gives back the places of handshakes that are over: so many are under way.
    pub(super) fn settle(&mut self, handshakes: usize) {
        let over = self.handshakes.saturating_sub(handshakes);
        give_back(&self.admission.handshakes, over);
        self.handshakes -= over;
    }

    fn counted(&self, peer: Peer) -> Option<Origin> {
        self.admission.bounds.per_address.and_then(|_| Origin::of(peer))
    }
}

fn take(places: &AtomicUsize, limit: usize) -> Option<()> {
    let one_more = |count| (count < limit).then_some(count + 1);
    places.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok().map(|_| ())
}

fn give_back(places: &AtomicUsize, count: usize) {
    if count > 0 {
        places.fetch_sub(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slotmap::SlotMap;

    fn gate(bounds: Bounds) -> Gate {
        Gate::new(Arc::new(Admission::new(bounds)))
    }

    const MANY: Bounds = Bounds { connections: 9, handshakes: 9, per_address: None };

    fn peer(ip: &str) -> Peer {
        Peer::Inet((ip.parse::<IpAddr>().unwrap(), 1).into())
    }

    #[test]
    fn no_more_than_the_limit() {
        let mut gate = gate(Bounds { connections: 2, ..MANY });
        let first = gate.enter(Peer::Unix, false).unwrap();
        let _second = gate.enter(Peer::Unix, false).unwrap();
        assert_eq!(gate.enter(Peer::Unix, false).unwrap_err(), Full::Connections);
        gate.give_back(first);
        assert!(gate.enter(Peer::Unix, false).is_ok());
    }

    #[test]
    fn no_more_handshakes_than_the_limit_until_some_are_over() {
        let mut gate = gate(Bounds { handshakes: 2, ..MANY });
        let _passes = [(), ()].map(|()| gate.enter(Peer::Unix, false).unwrap());
        assert_eq!(gate.enter(Peer::Unix, false).unwrap_err(), Full::Handshakes);
        gate.settle(1);
        let _third = gate.enter(Peer::Unix, false).unwrap();
        assert_eq!(gate.enter(Peer::Unix, false).unwrap_err(), Full::Handshakes);
        assert_eq!(gate.admission.connections.load(Ordering::Relaxed), 3, "the refused are not");
    }

    #[test]
    fn no_more_from_an_address_than_the_limit() {
        let mut keys = SlotMap::<ConnectionKey, ()>::with_key();
        let mut gate = gate(Bounds { per_address: Some(2), ..MANY });
        let mut come = |gate: &mut Gate, ip: &str| {
            let pass = gate.enter(peer(ip), false)?;
            let key = keys.insert(());
            gate.keep(key, pass);
            Ok(key)
        };
        let first = come(&mut gate, "192.0.2.1").unwrap();
        come(&mut gate, "::ffff:192.0.2.1").unwrap();
        assert_eq!(come(&mut gate, "192.0.2.1"), Err(Full::Address));
        come(&mut gate, "192.0.2.2").unwrap();
        come(&mut gate, "2001:db8:1:2::1").unwrap();
        come(&mut gate, "2001:db8:1:2:ffff::2").unwrap();
        assert_eq!(come(&mut gate, "2001:db8:1:2::3"), Err(Full::Address), "the same /64");
        come(&mut gate, "2001:db8:1:3::1").unwrap();
        gate.leave(first);
        come(&mut gate, "192.0.2.1").unwrap();
        assert_eq!(come(&mut gate, "192.0.2.1"), Err(Full::Address));
        assert_eq!(gate.admission.connections.load(Ordering::Relaxed), 6);
    }

    #[test]
    fn a_proxys_clients_count_each_by_its_own_address() {
        let mut keys = SlotMap::<ConnectionKey, ()>::with_key();
        let mut gate = gate(Bounds { per_address: Some(1), ..MANY });
        let mut all = Vec::new();
        for ip in ["192.0.2.1", "192.0.2.2"] {
            let pass = gate.enter(peer("10.0.0.1"), true).unwrap();
            let key = keys.insert(());
            gate.keep(key, pass);
            gate.introduce(key, peer(ip)).unwrap();
            all.push(key);
        }
        let pass = gate.enter(peer("10.0.0.1"), true).unwrap();
        let key = keys.insert(());
        gate.keep(key, pass);
        assert_eq!(gate.introduce(key, peer("192.0.2.1")), Err(Full::Address));
        gate.leave(key);
        for key in all {
            gate.leave(key);
        }
        assert!(gate.admission.by_origin.lock().is_empty(), "nothing is kept of those who left");
    }

    #[test]
    fn without_a_limit_no_address_is_counted() {
        let mut gate = gate(MANY);
        let _pass = gate.enter(peer("192.0.2.1"), false).unwrap();
        assert!(gate.admission.by_origin.lock().is_empty());
    }
}
