//! What a handle can find out about a running service.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use ws_service::protocols::{Echo, Mirror};
use ws_service::shard::{Answer, Filter, Question, ShardId};
use ws_service::{
    Accept, CloseCode, Context, Handle, Message, PostError, Protocol, Reply, Request,
    ServiceBuilder,
};

use crate::support::{PATIENCE, close_code, connect, nothing_left, serve, until};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn wait(runtime: &Runtime, reply: Reply) -> Result<Answer, PostError> {
    runtime.block_on(async { timeout(PATIENCE, reply).await.unwrap() })
}

fn ask<P: Protocol>(handle: &Handle<P>, shard: usize, question: Question) -> Answer {
    let shard = ShardId(shard.try_into().unwrap());
    wait(&runtime(), handle.ask(shard, question).unwrap()).unwrap()
}

#[test]
fn connections_are_listed_and_what_is_listed_can_be_closed() {
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(2));
    let handle = service.handle();
    assert_eq!(handle.shards(), 2);
    let mut clients: Vec<_> = (0..10).map(|_| connect(address, "/")).collect();
    until(&handle, |stats| stats.handshakes == 10);
    let mut peers = BTreeSet::new();
    let mut ids = Vec::new();
    for shard in 0..2 {
        let question = Question::Connections { from: 0, limit: 100, filter: Filter::default() };
        let Answer::Connections(page) = ask(&handle, shard, question) else { panic!("not that") };
        assert_eq!(page.next, None);
        peers.extend(page.items.iter().filter_map(|facts| facts.peer.address()));
        ids.extend(page.items.iter().map(|facts| (facts.peer, facts.id)));
    }
    let local = |client: &crate::support::Client| client.get_ref().local_addr().unwrap();
    assert_eq!(peers, clients.iter().map(local).collect());
    let first = local(&clients[0]);
    let (_, id) = *ids.iter().find(|(peer, _)| *peer == first.into()).unwrap();
    assert_eq!(id.to_string().parse(), Ok(id), "its name names it");
    handle.close(id, CloseCode::Policy, "enough").unwrap();
    assert_eq!(close_code(&mut clients[0]), 1008);
    drop(clients);
    nothing_left(&handle);
}

#[test]
fn topics_of_all_threads_are_counted() {
    let builder = ServiceBuilder::routes().route("/mirror/{room}", Mirror).unwrap().threads(2);
    let (service, address) = serve(builder);
    let handle = service.handle();
    let clients: Vec<_> = (0..6).map(|_| connect(address, "/mirror/tea")).collect();
    until(&handle, |stats| stats.handshakes == 6);
    let subscribers = |shard| {
        let question = Question::Topics { after: None, limit: 10 };
        let Answer::Topics(page) = ask(&handle, shard, question) else { panic!("not that") };
        assert!(page.items.iter().all(|topic| &*topic.name == "mirror/tea"));
        page.items.iter().map(|topic| topic.subscribers).sum::<usize>()
    };
    assert_eq!(subscribers(0) + subscribers(1), 6);
    drop(clients);
    nothing_left(&handle);
}

#[test]
fn nobody_waits_for_an_answer_that_will_not_come() {
    let (service, _) = serve(ServiceBuilder::new(Echo).threads(1));
    let handle = service.handle();
    let question = || Question::Deadlines { from: 0, limit: 1 };
    assert!(matches!(handle.ask(ShardId(1), question()), Err(PostError::Closed)));
    handle.stop();
    // Asked before or after the thread has gone: either way it ends.
    let runtime = runtime();
    while let Ok(reply) = handle.ask(ShardId(0), question()) {
        if wait(&runtime, reply) == Err(PostError::Closed) {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    service.wait().unwrap();
    assert!(matches!(handle.ask(ShardId(0), question()), Err(PostError::Closed)));
}

/// Who asks whether all threads live waits for the one that does not.
#[test]
fn a_probe_is_done_when_no_thread_is_stuck() {
    let (busy, release) = (Arc::new(AtomicBool::new(false)), Arc::new(Barrier::new(2)));
    let stuck = Stuck { busy: Arc::clone(&busy), release: Arc::clone(&release) };
    let (service, address) = serve(ServiceBuilder::new(stuck).threads(2));
    let handle = service.handle();
    let runtime = runtime();
    let probe = || runtime.block_on(async { timeout(PATIENCE, handle.probe()).await.unwrap() });
    probe().unwrap();

    let mut client = connect(address, "/");
    client.send("stop".into()).unwrap();
    while !busy.load(Ordering::Acquire) {
        thread::yield_now();
    }
    runtime.block_on(async {
        let mut probe = pin!(handle.probe());
        assert!(timeout(Duration::from_millis(50), probe.as_mut()).await.is_err());
        release.wait();
        timeout(PATIENCE, probe).await.unwrap().unwrap();
    });
    drop(client);
    nothing_left(&handle);
    handle.stop();
    service.wait().unwrap();
    assert!(matches!(probe(), Err(PostError::Closed)));
}

/// A handler that does not return before it is let go.
struct Stuck {
    busy: Arc<AtomicBool>,
    release: Arc<Barrier>,
}

impl Protocol for Stuck {
    type Session = ();
    type Note = ();

    fn accept(&self, _request: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn message(&self, _cx: &mut Context<'_>, _session: &mut (), _message: Message<'_>) {
        self.busy.store(true, Ordering::Release);
        self.release.wait();
    }
}
