//! A loop without a clock and without sockets: it obeys the law of `Shard`, and at its end checks
//! that nothing is left over.

pub(crate) mod bill;
pub(crate) mod client;
pub(crate) mod echo;
pub(crate) mod peer;
pub(crate) mod puppet;

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sul::Timestamp;
use tungstenite::Message;
use ws_service::shard::{
    CloseKind, Config, ConnectionKey, Deadline, Mail, Protocol, Publication, Shard, ShardId, Stats,
    Transport,
};

use bill::uncounted;
use peer::Peer;
use puppet::Puppet;

/// More turns than any test needs without time going on.
const ENDLESS: usize = 100_000;

/// One shard, its peers, and the time.
pub(crate) struct Driver<P: Protocol = Puppet> {
    pub(crate) shard: Shard<P>,
    pub(crate) protocol: Arc<P>,
    pub(crate) now: Timestamp,
    peers: BTreeMap<ConnectionKey, Peer>,
    /// Publications that other shards have taken.
    pub(crate) posted: Vec<(usize, Publication)>,
    /// Publications that the other shards' mailboxes take per turn.
    pub(crate) mailbox_room: usize,
    /// Turns so far.
    turns: usize,
    /// Writes to transports so far.
    writes: usize,
}

impl Driver {
    /// A puppet's shard, the first of two, with the default configuration.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::of(Puppet::default(), change)
    }

    /// What the handlers have noted down since the last call.
    pub(crate) fn log(&self) -> Vec<String> {
        self.protocol.take_log()
    }
}

impl<P: Protocol> Driver<P> {
    pub(crate) fn of(protocol: P, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let protocol = Arc::new(protocol);
        let shard = Shard::new(Arc::clone(&protocol), ShardId(0), 2, config).expect("valid");
        let now = Timestamp::from_micros(1_000_000);
        let (peers, posted) = (BTreeMap::new(), Vec::new());
        let (mailbox_room, turns, writes) = (usize::MAX, 0, 0);
        Self { shard, protocol, now, peers, posted, mailbox_room, turns, writes }
    }

    /// A transport that has said nothing.
    pub(crate) fn connect(&mut self) -> ConnectionKey {
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let key = self.shard.open(peer, self.now).expect("room for one more");
        uncounted(|| self.peers.insert(key, Peer::new()));
        key
    }

    /// An open connection.
    pub(crate) fn upgrade(&mut self) -> ConnectionKey {
        self.upgrade_at("/")
    }

    pub(crate) fn upgrade_at(&mut self, path: &str) -> ConnectionKey {
        let key = self.connect();
        self.say(key, &client::request(path, &[]));
        assert_eq!(self.status(key), 101);
        key
    }

    /// What the peer gives up: the bytes, then a turn.
    pub(crate) fn say(&mut self, key: ConnectionKey, bytes: &[u8]) {
        let mut bytes = uncounted(|| bytes.to_vec());
        self.shard.receive(key, &mut bytes, self.now);
        uncounted(|| drop(bytes));
        self.turn();
    }

    /// The same, with a transport that the shard may write to meanwhile; the turn is left to the caller.
    pub(crate) fn exchange(&mut self, key: ConnectionKey, bytes: &[u8]) {
        let mut bytes = uncounted(|| bytes.to_vec());
        let Self { shard, peers, writes, now, .. } = self;
        let peer = peers.get_mut(&key).expect("a peer");
        shard.exchange(key, &mut bytes, *now, &mut |slices| {
            assert!(!peer.is_shut && !peer.is_closed, "nothing is written after the end");
            *writes += 1;
            Some(peer.write(slices))
        });
        uncounted(|| drop(bytes));
    }

    /// What the peer gives up, cut into pieces of these sizes, over and over, and then turns until nothing
    /// is left to do.
    pub(crate) fn say_cut(&mut self, key: ConnectionKey, bytes: &[u8], sizes: &[usize]) {
        let mut rest = bytes;
        for &size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at(size.clamp(1, rest.len()));
            self.say(key, piece);
            rest = behind;
        }
        self.settle();
    }

    pub(crate) fn mail(&mut self, mail: Mail<P::Note>) {
        self.shard.deliver(mail, self.now);
        self.turn();
    }

    /// The peer's transport ends.
    pub(crate) fn hang_up(&mut self, key: ConnectionKey) {
        self.shard.disconnected(key, self.now);
        self.turn();
    }

    /// The peer's transport takes `room` more bytes before it is full.
    pub(crate) fn give_room(&mut self, key: ConnectionKey, room: usize) {
        self.limit_room(key, room);
        self.shard.writable(key);
        self.turn();
    }

    /// The same, but nobody tells the shard.
    pub(crate) fn limit_room(&mut self, key: ConnectionKey, room: usize) {
        self.peer(key).room = room;
    }

    /// One turn, from step 3 of the law.
    pub(crate) fn turn(&mut self) {
        self.turns += 1;
        self.shard.turn(self.now);
        self.flush();
        while let Some(transport) = self.shard.next_transport() {
            match transport {
                Transport::Read(key) => self.peer(key).is_read_again = true,
                Transport::ShutWrite(key) => {
                    let peer = self.peer(key);
                    assert!(!peer.is_closed && !peer.is_shut, "shut once, before it is closed");
                    peer.is_shut = true;
                }
                Transport::Close(key) => {
                    assert!(!self.shard.contains(key));
                    let peer = self.peer(key);
                    assert!(!peer.is_closed, "closed once");
                    peer.is_closed = true;
                }
            }
        }
        let Self { shard, posted, mailbox_room, .. } = self;
        shard.post(|to, publications| {
            let taken = publications.len().min(*mailbox_room);
            uncounted(|| posted.extend(publications[..taken].iter().map(|it| (to, it.clone()))));
            taken
        });
    }

    fn flush(&mut self) {
        for _ in 0..ENDLESS {
            let Some(key) = self.shard.next_dirty() else { return };
            let mut slices = [IoSlice::new(&[]); 3];
            let count = self.shard.output(key, &mut slices);
            assert!(count > 0, "something to write");
            let peer = self.peers.get_mut(&key).expect("a peer");
            assert!(!peer.is_shut && !peer.is_closed, "nothing is written after the end");
            let taken = peer.write(&slices[..count]);
            self.writes += 1;
            self.shard.wrote(key, taken, self.now);
        }
        panic!("the turn never ends");
    }

    /// Turns until there is nothing left to do at this time.
    pub(crate) fn settle(&mut self) {
        for _ in 0..ENDLESS {
            if self.shard.earliest().is_none_or(|earliest| earliest > self.now) {
                return;
            }
            self.turn();
        }
        panic!("the shard is never done");
    }

    /// Lets `by` pass, with a turn at every moment the shard asks for.
    pub(crate) fn pass(&mut self, by: Duration) {
        let until = self.now + by;
        self.settle();
        while let Some(earliest) = self.shard.earliest().filter(|&it| it <= until) {
            self.now = self.now.max(earliest);
            self.settle();
        }
        self.now = until;
    }

    /// The same, but for the last microsecond.
    pub(crate) fn pass_almost(&mut self, by: Duration) {
        self.pass(by.saturating_sub(Duration::from_micros(1)));
    }

    fn peer(&mut self, key: ConnectionKey) -> &mut Peer {
        self.peers.get_mut(&key).expect("a peer")
    }

    /// The bytes that have reached the peer since the last look.
    pub(crate) fn output(&mut self, key: ConnectionKey) -> Vec<u8> {
        self.peer(key).take()
    }

    /// The same, decoded by tungstenite.
    pub(crate) fn messages(&mut self, key: ConnectionKey) -> Vec<Message> {
        uncounted(|| peer::decode(&self.peer(key).take()))
    }

    /// Takes an HTTP response off the output; its status.
    pub(crate) fn status(&mut self, key: ConnectionKey) -> u16 {
        let (status, _) = self.response(key);
        status
    }

    /// Takes an HTTP response off the output: its status, and the whole head.
    pub(crate) fn response(&mut self, key: ConnectionKey) -> (u16, String) {
        let peer = self.peer(key);
        let bytes = peer.take();
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").expect("a whole head") + 4;
        let head = String::from_utf8(bytes[..end].to_vec()).expect("plain text");
        let status = head["HTTP/1.1 ".len()..][..3].parse().expect("a status");
        let rest = &bytes[end..];
        peer.write(&[IoSlice::new(rest)]);
        (status, head)
    }

    /// The shard wants to read again what was left with the transport; said once.
    pub(crate) fn is_read_again(&mut self, key: ConnectionKey) -> bool {
        std::mem::take(&mut self.peer(key).is_read_again)
    }

    pub(crate) fn is_shut(&mut self, key: ConnectionKey) -> bool {
        self.peer(key).is_shut
    }

    pub(crate) fn is_closed(&mut self, key: ConnectionKey) -> bool {
        self.peer(key).is_closed
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        stats.add(&self.shard.counters());
        stats
    }

    /// Ends what is open, and checks that all has gone.
    fn finish(&mut self) {
        self.mailbox_room = usize::MAX;
        for key in self.peers.keys().copied().collect::<Vec<_>>() {
            self.shard.disconnected(key, self.now);
        }
        self.turn();
        self.settle();
        assert!(self.shard.is_empty(), "{} connections left", self.shard.len());
        assert_eq!((self.shard.timers(), self.shard.earliest()), (0, None));
        assert!(!self.shard.has_mail());
        assert!(self.peers.values().all(|peer| peer.is_closed), "each transport is closed");
        self.check_counters();
    }

    fn check_counters(&self) {
        let stats = self.stats();
        for deadline in Deadline::ALL {
            assert_eq!(stats.armed(deadline), 0, "{} deadlines left", deadline.name());
        }
        let gauges = [
            "connections",
            "sessions",
            "timers",
            "topics",
            "queued_bytes",
            "fanouts",
            "staged",
            "paused",
        ];
        for (name, value) in stats.named().filter(|(name, _)| gauges.contains(name)) {
            assert_eq!(value, 0, "the gauge {name} at the end");
        }
        let closes: u64 = CloseKind::ALL.into_iter().map(|kind| stats.closes(kind)).sum();
        assert_eq!(closes, stats.opened, "each end is counted once");
        assert_eq!(stats.codes.iter().sum::<u64>(), closes, "and under one code");
        assert_eq!(stats.unopened.iter().sum::<u64>(), stats.handshakes_failed, "one reason each");
        assert_eq!(stats.lateness.count(), stats.expired.iter().sum::<u64>(), "each was so late");
        assert_eq!(stats.handshakes + stats.handshakes_failed, stats.opened, "each upgrade too");
    }
}

impl<P: Protocol> Drop for Driver<P> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.finish();
        }
    }
}
