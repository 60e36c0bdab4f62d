//! A chat with presence over all threads; docs/embedding.md explains it, piece by piece.
//!
//! `cargo run --release --example chat`, then twice `websocat ws://127.0.0.1:9001/tea/YOUR-NAME`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use ws_service::{
    Accept, CloseCode, CloseReason, ConnectionId, Context, Message, Protocol, Rejection, Request,
    ServiceBuilder,
};

/// How often someone who says nothing is still shown to be there.
const STILL_HERE: Duration = Duration::from_mins(1);

/// One for all threads: it knows who is in which room.
#[derive(Default)]
pub(crate) struct Chat {
    rooms: Mutex<BTreeMap<String, BTreeSet<(String, ConnectionId)>>>,
}

/// Someone in a room. Lives and ends on the thread that accepted the connection.
pub(crate) struct Guest {
    room: String,
    name: String,
}

impl Guest {
    fn tell_others(&self, cx: &mut Context<'_>, what: &str) {
        let line = format!("{} {what}", self.name);
        if cx.publish(&self.room, line.as_str()).is_err() {
            cx.close(CloseCode::Again, "the room is too busy");
        }
    }
}

impl Protocol for Chat {
    type Session = Guest;
    type Note = ();

    fn accept(&self, request: &Request<'_>) -> Accept<Guest> {
        match (request.param("room"), request.param("name")) {
            (Some(room), Some(name)) => {
                Accept::admit(Guest { room: room.to_owned(), name: name.to_owned() })
            }
            _ => Accept::reject(Rejection::not_found()),
        }
    }

    fn opened(&self, cx: &mut Context<'_>, guest: &mut Guest) {
        if cx.subscribe(&guest.room).is_err() {
            return cx.close(CloseCode::Again, "too many rooms");
        }
        let mut rooms = self.rooms.lock();
        let present = rooms.entry(guest.room.clone()).or_default();
        present.insert((guest.name.clone(), cx.id()));
        let names: Vec<_> = present.iter().map(|(name, _)| &**name).collect();
        let _ = cx.send(format!("here: {}", names.join(", ")).as_str());
        guest.tell_others(cx, "has come");
        cx.set_timer(STILL_HERE);
    }

    fn message(&self, cx: &mut Context<'_>, guest: &mut Guest, message: Message<'_>) {
        match message {
            Message::Text(text) => guest.tell_others(cx, &format!("says: {text}")),
            Message::Binary(_) => cx.close(CloseCode::Unsupported, "text only"),
        }
        cx.set_timer(STILL_HERE);
    }

    fn timer(&self, cx: &mut Context<'_>, guest: &mut Guest) {
        guest.tell_others(cx, "is still here");
        cx.set_timer(STILL_HERE);
    }

    fn closed(&self, cx: &mut Context<'_>, guest: Guest, _reason: CloseReason) {
        // Too late to close anything: if the room is too busy, nobody learns of it.
        let _ = cx.publish(&guest.room, format!("{} has gone", guest.name).as_str());
        let mut rooms = self.rooms.lock();
        if let Some(present) = rooms.get_mut(&guest.room) {
            present.remove(&(guest.name, cx.id()));
            if present.is_empty() {
                rooms.remove(&guest.room);
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = ServiceBuilder::routes()
        .route("/{room}/{name}", Chat::default())?
        .listen("127.0.0.1:9001")?
        .start()?;
    println!("listening on {:?}", service.addresses());
    service.wait()?;
    Ok(())
}
