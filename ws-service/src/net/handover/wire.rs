//! Descriptors over a Unix socket.
//!
//! ```text
//!  who serves ── [version, count] + so many descriptors, until the count is 0 ──► successor
//!             ◄──────────────────────── SERVING ───────────────────────────────
//!             ───────────────────────── GONE ──────────────────────────────────►
//! ```

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::cmsg_space;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// How descriptors are told, and what for; another one is not understood.
const VERSION: u8 = 1;
/// Descriptors of one message: less than the system's limit (`SCM_MAX_FD`).
const AT_ONCE: usize = 64;
/// Descriptors in all: nobody has so many listeners.
const MOST: usize = 65_536;
/// The successor takes connections.
pub(super) const SERVING: u8 = b'S';
/// Whoever served takes no more, and has left its places.
pub(super) const GONE: u8 = b'G';

/// Sends descriptors, all of them.
pub(super) fn send(stream: &UnixStream, sockets: &[OwnedFd]) -> io::Result<()> {
    for some in sockets.chunks(AT_ONCE) {
        send_some(stream, some)?;
    }
    send_some(stream, &[])
}

fn send_some(stream: &UnixStream, sockets: &[OwnedFd]) -> io::Result<()> {
    let descriptors: Vec<BorrowedFd<'_>> = sockets.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(AT_ONCE))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("no room for descriptors"));
    }
    let header = [VERSION, u8::try_from(descriptors.len()).unwrap_or(u8::MAX)];
    match sendmsg(stream, &[IoSlice::new(&header)], &mut control, SendFlags::NOSIGNAL)? {
        2 => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// Takes what [`send`] has sent.
pub(super) fn receive(stream: &UnixStream) -> io::Result<Vec<OwnedFd>> {
    let mut all = Vec::new();
    loop {
        let some = receive_some(stream)?;
        if some.is_empty() {
            return Ok(all);
        }
        all.extend(some);
        if all.len() > MOST {
            return Err(malformed("too many descriptors"));
        }
    }
}

fn receive_some(stream: &UnixStream) -> io::Result<Vec<OwnedFd>> {
    let mut header = [0; 2];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(AT_ONCE))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(stream, &mut [IoSliceMut::new(&mut header)], &mut control, flags)?;
    let sockets: Vec<OwnedFd> = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
            _ => None,
        })
        .flatten()
        .collect();
    if received.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let is_whole = received.bytes == header.len() && !received.flags.contains(ReturnFlags::CTRUNC);
    if !is_whole || header[0] != VERSION || usize::from(header[1]) != sockets.len() {
        return Err(malformed("not what a service hands over"));
    }
    Ok(sockets)
}

/// One word of the conversation.
pub(super) fn say(mut stream: &UnixStream, word: u8) -> io::Result<()> {
    stream.write_all(&[word])
}

/// Waits for one.
pub(super) fn hear(mut stream: &UnixStream, word: u8) -> io::Result<()> {
    let mut heard = [0];
    stream.read_exact(&mut heard)?;
    if heard == [word] { Ok(()) } else { Err(malformed("another word was due")) }
}

fn malformed(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::{FdFlags, fcntl_getfd};
    use std::net::TcpListener;

    #[test]
    fn all_descriptors_arrive_in_order_and_close_on_exec() {
        for count in [0, 1, AT_ONCE, AT_ONCE + 1] {
            let (one, other) = UnixStream::pair().unwrap();
            let listeners: Vec<_> =
                (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
            let port = |it: &TcpListener| it.local_addr().unwrap().port();
            let ports: Vec<_> = listeners.iter().map(port).collect();
            let sockets: Vec<OwnedFd> = listeners.into_iter().map(Into::into).collect();
            send(&one, &sockets).unwrap();
            let arrived = receive(&other).unwrap();
            assert!(arrived.iter().all(|it| fcntl_getfd(it).unwrap().contains(FdFlags::CLOEXEC)));
            let arrived: Vec<_> = arrived.into_iter().map(TcpListener::from).collect();
            assert_eq!(arrived.iter().map(port).collect::<Vec<_>>(), ports);
        }
    }

    #[test]
    fn what_is_no_handover_is_an_error() {
        let says: [&[u8]; 5] = [b"", &[VERSION], &[VERSION + 1, 0], &[VERSION, 1], b"GET /"];
        for words in says {
            let (mut one, other) = UnixStream::pair().unwrap();
            one.write_all(words).unwrap();
            drop(one);
            assert!(receive(&other).is_err(), "{words:?}");
        }
    }
}
