//! From the first bytes of a connection to its open session, or its refusal.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use http::StatusCode;
use http::header::SEC_WEBSOCKET_EXTENSIONS;
use sul::Timestamp;

use super::Shard;
use super::deadlines::Deadline;
use super::deflate;
use super::handshake::{self, Head, Progress};
use super::id::ConnectionKey;
use super::link::{Deferred, Phase, Slot};
use super::peer::Peer;
use super::protocol::{Accept, Protocol, Rejection, Verdict};
use super::reason::CloseReason;
use super::request::Request;

impl<P: Protocol> Shard<P> {
    /// Says who is really at the other end, where the transport learns it after
    /// [`open`](Self::open): whom a trusted proxy names. Once the upgrade request is answered it is too
    /// late.
    pub fn introduce(&mut self, key: ConnectionKey, peer: impl Into<Peer>) {
        if let Some(Slot { link, .. }) = self.slots.get_mut(key)
            && link.is_asking()
        {
            link.peer = peer.into().into();
        }
    }

    /// Says by which certificate, in DER, the peer has proved itself to the transport, for
    /// [`Request::certificate`]. Once the upgrade request is answered it is too late.
    pub fn vouch(&mut self, key: ConnectionKey, certificate: &[u8]) {
        if let Some(Slot { link, .. }) = self.slots.get_mut(key)
            && let Phase::Handshake(head) = &mut link.phase
        {
            head.get_or_insert_default().certificate = Some(certificate.into());
        }
    }

    pub(super) fn receive_head(&mut self, key: ConnectionKey, bytes: &mut [u8], now: Timestamp) {
        let limit = self.shared.config.limits.handshake_bytes;
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return };
        let Phase::Handshake(kept) = &mut link.phase else { return };
        if kept.is_none()
            && let Some(end) = handshake::find_end(&bytes[..bytes.len().min(limit)])
        {
            // The usual case: the whole request in one piece, parsed where it lies.
            let (head, pipelined) = bytes.split_at_mut(end);
            return self.judge(key, (head, None), pipelined, now);
        }
        let mut head = kept.take().unwrap_or_default();
        match head.push(bytes, limit) {
            Progress::Whole(used) => {
                let request = (head.bytes(), head.certificate.as_deref());
                self.judge(key, request, &mut bytes[used..], now);
            }
            Progress::More => self.keep_head(key, head),
            Progress::TooLong => self.refuse_flood(key, now),
        }
    }

    fn keep_head(&mut self, key: ConnectionKey, head: Box<Head>) {
        if let Some(Slot { link, .. }) = self.slots.get_mut(key) {
            link.phase = Phase::Handshake(Some(head));
        }
    }

    /// Asks the RFC and the protocol about a whole request, and the certificate it comes with.
    fn judge(
        &mut self,
        key: ConnectionKey,
        (head, certificate): (&[u8], Option<&[u8]>),
        pipelined: &mut [u8],
        now: Timestamp,
    ) {
        let Some(Slot { link, .. }) = self.slots.get(key) else { return };
        let (peer, id) = (link.peer.into(), self.shared.name(key));
        let config = &self.shared.config;
        let checked = handshake::parse(head, config.limits.headers).and_then(|mut request| {
            handshake::check(&mut request, &config.origins).map(|it| (request, it))
        });
        let (request, response) = match checked {
            Ok(checked) => checked,
            Err(rejection) => {
                self.reject(key, &rejection, now);
                return;
            }
        };
        let request = Request { id, peer, head: &request, certificate, params: None };
        if self.shared.config.keep_paths {
            self.roster.keep_path(key, request.path());
        }
        let Some(accept) = self.ask(&request) else {
            let rejection = Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "the handler failed");
            self.reject(key, &rejection, now);
            return;
        };
        let Accept { verdict, mut headers, in_pieces } = accept;
        let (session, is_admitted) = match verdict {
            Verdict::Admit(session) => (session, true),
            Verdict::Defer(session) => (session, false),
            Verdict::Reject(mut rejection) => {
                rejection.headers.append(&mut headers);
                self.reject(key, &rejection, now);
                return;
            }
        };
        let Some(slot) = self.slots.get_mut(key) else { return };
        let compression = &self.shared.config.compression;
        if let Some((agreement, answer)) = deflate::negotiate(request.headers(), compression) {
            headers.push((SEC_WEBSOCKET_EXTENSIONS, answer));
            slot.link.agreement = Some(agreement);
        }
        slot.link.in_pieces = in_pieces;
        slot.session = Some(session);
        self.shared.counters.sessions.add(1);
        let response = handshake::switching_protocols(&response, &headers);
        if is_admitted {
            self.open_session(key, response, pipelined, now);
        } else {
            self.defer(key, response, pipelined, now);
        }
    }

    /// Runs `accept`; `None` if it panics.
    fn ask(&self, request: &Request<'_>) -> Option<Accept<P::Session>> {
        let accept = catch_unwind(AssertUnwindSafe(|| self.protocol.accept(request)));
        if accept.is_err() {
            self.shared.counters.panics.add(1);
        }
        accept.ok()
    }

    fn defer(&mut self, key: ConnectionKey, response: Bytes, pipelined: &mut [u8], now: Timestamp) {
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return };
        let deferred = Deferred { response, pipelined: Vec::new() };
        link.phase = Phase::Deferred(Box::new(deferred));
        self.receive(key, pipelined, now);
    }

    /// Completes a handshake, and serves what the client has sent behind its request.
    fn open_session(
        &mut self,
        key: ConnectionKey,
        response: Bytes,
        pipelined: &mut [u8],
        now: Timestamp,
    ) {
        let Some(Slot { link, session, .. }) = self.slots.get_mut(key) else { return };
        let shared = &mut self.shared;
        shared.counters.handshakes.add(1);
        link.phase = Phase::Open;
        link.clear(Deadline::Handshake, &shared.counters);
        shared.prove_alive(link, now);
        shared.queue(key, link, |outbox, pool| outbox.push_response(pool, response));
        if let Some(session) = session {
            let protocol = &*self.protocol;
            shared.run(key, link, now, |cx| protocol.opened(cx, session));
        }
        if !pipelined.is_empty() {
            self.receive(key, pipelined, now);
        }
    }

    /// A deferred request is admitted.
    pub(super) fn admit(&mut self, key: ConnectionKey, now: Timestamp) -> bool {
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return false };
        if !matches!(link.phase, Phase::Deferred(_)) {
            return false;
        }
        let Phase::Deferred(deferred) = std::mem::replace(&mut link.phase, Phase::Open) else {
            return false;
        };
        let Deferred { response, mut pipelined } = *deferred;
        self.open_session(key, response, &mut pipelined, now);
        true
    }

    /// Refuses a request, deferred or not; says whether there was one.
    pub(super) fn reject(
        &mut self,
        key: ConnectionKey,
        rejection: &Rejection,
        now: Timestamp,
    ) -> bool {
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return false };
        let is_asking = link.is_asking();
        if is_asking {
            let response = handshake::refusal(rejection);
            self.shared.refuse(key, link, response, CloseReason::Rejected, now);
        }
        is_asking
    }

    /// More bytes than a request, with what is pipelined behind it, may have.
    pub(super) fn refuse_flood(&mut self, key: ConnectionKey, now: Timestamp) {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        let rejection = Rejection::new(status, "the request is too long");
        self.reject(key, &rejection, now);
    }
}
