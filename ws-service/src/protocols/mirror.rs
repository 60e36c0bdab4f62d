//! `/mirror/{room}`: what one sends, all others in the room receive.

use http::StatusCode;

use crate::shard::{Accept, CloseCode, Context, Message, Protocol, Rejection, Request};

/// Publishes every message to all others in the room that the path's `{room}` names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mirror;

/// The room that a connection is in, as a topic.
#[derive(Debug)]
pub struct Room(Box<str>);

impl Protocol for Mirror {
    type Session = Room;
    type Note = ();

    fn accept(&self, request: &Request<'_>) -> Accept<Room> {
        match request.param("room") {
            Some(room) => Accept::admit(Room(format!("mirror/{room}").into())),
            None => Accept::reject(Rejection::new(StatusCode::NOT_FOUND, "no room in the path")),
        }
    }

    fn opened(&self, cx: &mut Context<'_>, room: &mut Room) {
        if cx.subscribe(&room.0).is_err() {
            cx.close(CloseCode::Again, "too many subscriptions");
        }
    }

    fn message(&self, cx: &mut Context<'_>, room: &mut Room, message: Message<'_>) {
        if cx.publish(&room.0, message).is_err() {
            // Better to end than to lose a message in silence.
            cx.close(CloseCode::Again, "the room is congested");
        }
    }
}
