//! A long answer reaches its peer while the handler that gives it runs.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use tungstenite::Message as Words;
use ws_service::{Accept, Context, Message, Protocol, Request, ServiceBuilder};

use crate::support::{PATIENCE, connect, serve};

/// Answers, and doesn't return before the peer has the answer.
struct Impatient(Mutex<Receiver<()>>);

impl Protocol for Impatient {
    type Session = ();
    type Note = ();

    fn accept(&self, _: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn message(&self, cx: &mut Context<'_>, (): &mut (), message: Message<'_>) {
        let _ = cx.send(message);
        self.0.lock().unwrap().recv_timeout(PATIENCE).expect("the peer has the answer");
    }
}

#[test]
fn a_long_answer_is_out_before_its_handler_returns() {
    let (has_it, answers) = channel();
    let builder = ServiceBuilder::new(Impatient(Mutex::new(answers))).threads(1);
    let (service, address) = serve(builder);
    let mut client = connect(address, "/");
    // Of this size a fresh socket takes all.
    let words = Words::binary(vec![7; 5_000]);
    for _ in 0..3 {
        client.send(words.clone()).unwrap();
        let early = client.read().unwrap();
        has_it.send(()).unwrap();
        assert!(early == words);
    }
    assert_eq!(service.handle().stats().panics, 0);
}
