//! The peer that echoes are compared with: a fastwebsockets echo as its users write it, on one thread.

use std::convert::Infallible;
use std::net::SocketAddr;

use clap::Parser;
use fastwebsockets::{FragmentCollector, OpCode, WebSocketError, upgrade};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// Echoes every text and binary message, on any path.
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9103")]
    listen: SocketAddr,
}

fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(serve(options.listen))
}

async fn serve(listen: SocketAddr) -> std::io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream));
    }
}

async fn connection(stream: TcpStream) {
    let service = hyper::service::service_fn(answer);
    let http = hyper::server::conn::http1::Builder::new();
    // A lost connection is nobody's business here.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

async fn answer(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    if let Ok((response, upgrading)) = upgrade::upgrade(&mut request) {
        tokio::spawn(async move { echo(upgrading).await.unwrap_or_default() });
        return Ok(response);
    }
    let mut response = Response::new(Empty::new());
    *response.status_mut() = hyper::StatusCode::BAD_REQUEST;
    Ok(response)
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
