//! What a handle can find out about a running service.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use ws_service::protocols::{Echo, Mirror};
use ws_service::shard::{Answer, Filter, Question, ShardId};
use ws_service::{CloseCode, Handle, PostError, Protocol, Reply, ServiceBuilder};

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
        std::thread::sleep(Duration::from_millis(1));
    }
    service.wait().unwrap();
    assert!(matches!(handle.ask(ShardId(0), question()), Err(PostError::Closed)));
}
