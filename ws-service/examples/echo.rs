//! The smallest service: every message comes back.
//!
//! `cargo run --release --example echo`, then `websocat ws://127.0.0.1:9001/`.

use ws_service::{Accept, Context, Message, Protocol, Request, ServiceBuilder};

struct Echo;

impl Protocol for Echo {
    type Session = ();
    type Note = ();

    fn accept(&self, _request: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn message(&self, cx: &mut Context<'_>, _session: &mut (), message: Message<'_>) {
        // A peer that doesn't read for long enough is closed: there is nothing left to do here.
        let _ = cx.send(message);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = ServiceBuilder::new(Echo).listen("127.0.0.1:9001")?.start()?;
    println!("listening on {:?}", service.addresses());
    service.wait()?;
    Ok(())
}
