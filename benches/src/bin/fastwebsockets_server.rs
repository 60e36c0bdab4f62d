//! The peer that echoes and fan-out are compared with: fastwebsockets as its users write it, on one
//! thread.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser;
use fastwebsockets::{
    FragmentCollector, FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError,
    WebSocketWrite, upgrade,
};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWrite, BufWriter};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Echoes every text and binary message; under /mirror, sends it to all other connections there.
#[derive(Debug, Clone, Copy, Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9103")]
    listen: SocketAddr,
    /// Bytes that a subscriber's frames are gathered in before they are written: 0, as the library is
    /// used, means a write for each.
    #[arg(long, default_value_t = 0)]
    gather: usize,
}

/// Messages that a subscriber may lag behind.
const LAG: usize = 1024;

/// What all connections know.
#[derive(Debug, Clone)]
struct Room {
    sender: Sender<Posted>,
    gather: usize,
}

/// A message, and who has sent it.
#[derive(Debug, Clone)]
struct Posted {
    from: u64,
    opcode: OpCode,
    payload: Bytes,
}

fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(serve(options))
}

async fn serve(options: Options) -> std::io::Result<()> {
    let room = Room { sender: broadcast::channel(LAG).0, gather: options.gather };
    let listener = TcpListener::bind(options.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, room.clone()));
    }
}

async fn connection(stream: TcpStream, room: Room) {
    let service = hyper::service::service_fn(move |request| {
        std::future::ready(Ok::<_, Infallible>(answer(request, &room)))
    });
    let http = hyper::server::conn::http1::Builder::new();
    // A lost connection is nobody's business here.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

fn answer(mut request: Request<Incoming>, room: &Room) -> Response<Empty<Bytes>> {
    let Ok((response, upgrading)) = upgrade::upgrade(&mut request) else {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = hyper::StatusCode::BAD_REQUEST;
        return response;
    };
    if request.uri().path().starts_with("/mirror") {
        // Subscribed before the client knows that it is.
        let (room, receiver) = (room.clone(), room.sender.subscribe());
        tokio::spawn(async move { mirror(upgrading, room, receiver).await.unwrap_or_default() });
    } else {
        tokio::spawn(async move { echo(upgrading).await.unwrap_or_default() });
    }
    response
}

async fn echo(upgrading: upgrade::UpgradeFut) -> Result<(), WebSocketError> {
    let mut socket = upgrading.await?;
    socket.set_max_message_size(64 << 20);
    let mut socket = FragmentCollector::new(socket);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}

async fn mirror(
    upgrading: upgrade::UpgradeFut,
    room: Room,
    receiver: Receiver<Posted>,
) -> Result<(), WebSocketError> {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    let from = NAMES.fetch_add(1, Ordering::Relaxed);
    let (reader, writer) = upgrading.await?.split(|stream| {
        let (reader, writer) = tokio::io::split(stream);
        (reader, BufWriter::with_capacity(room.gather, writer))
    });
    let writer =
        tokio::spawn(async move { forward(writer, receiver, from).await.unwrap_or_default() });
    let mut reader = FragmentCollectorRead::new(reader);
    // The load sends neither a Ping nor a Close that would have to be answered.
    let mut no_answer = |_| async { Ok::<_, WebSocketError>(()) };
    while let Ok(frame) = reader.read_frame(&mut no_answer).await {
        match frame.opcode {
            OpCode::Close => break,
            OpCode::Text | OpCode::Binary => {
                let payload = Bytes::from(frame.payload.to_vec());
                // There is always a receiver: this connection's own.
                let _ = room.sender.send(Posted { from, opcode: frame.opcode, payload });
            }
            _ => {}
        }
    }
    writer.abort();
    Ok(())
}

/// Writes what others have posted, until one message has been missed.
async fn forward<S: AsyncWrite + Unpin>(
    mut writer: WebSocketWrite<S>,
    mut receiver: Receiver<Posted>,
    own: u64,
) -> Result<(), WebSocketError> {
    while let Ok(first) = receiver.recv().await {
        let mut next = Some(first);
        while let Some(Posted { from, opcode, payload }) = next {
            if from != own {
                let frame = Frame::new(true, opcode, None, Payload::Borrowed(&payload));
                writer.write_frame(frame).await?;
            }
            next = receiver.try_recv().ok();
        }
        writer.flush().await?;
    }
    Ok(())
}
