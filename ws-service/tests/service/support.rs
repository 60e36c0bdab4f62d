//! A client, and what every test needs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tungstenite::WebSocket;
use ws_service::{
    Accept, Context, Handle, Message, Protocol, Request, Service, ServiceBuilder, Stats,
};

/// How long anything here may take before the test gives up. Nothing is measured by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Client = WebSocket<TcpStream>;

/// Says hello to the peer by its name.
pub(crate) struct Greeter;

impl Protocol for Greeter {
    type Session = String;
    type Note = ();

    fn accept(&self, request: &Request<'_>) -> Accept<String> {
        Accept::admit(request.peer().to_string())
    }

    fn opened(&self, cx: &mut Context<'_>, name: &mut String) {
        assert_eq!(cx.peer().to_string(), *name);
        let _ = cx.send(name.as_str());
    }

    fn message(&self, cx: &mut Context<'_>, _name: &mut String, message: Message<'_>) {
        let _ = cx.send(message);
    }
}

/// A service on a free port.
pub(crate) fn serve<P: Protocol>(builder: ServiceBuilder<P>) -> (Service<P>, SocketAddr) {
    let service = builder.listen("127.0.0.1:0").unwrap().start().unwrap();
    let address = service.addresses()[0];
    (service, address)
}

pub(crate) fn connect(address: SocketAddr, path: &str) -> Client {
    try_connect(address, path).unwrap()
}

/// A client, or the status that refused it (0: the transport ended).
pub(crate) fn try_connect(address: SocketAddr, path: &str) -> Result<Client, u16> {
    let stream = TcpStream::connect(address).map_err(|_| 0_u16)?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    try_upgrade(&address.to_string(), path, stream)
}

/// The same, over a transport that is there.
pub(crate) fn try_upgrade<S: Read + Write>(
    host: &str,
    path: &str,
    stream: S,
) -> Result<WebSocket<S>, u16> {
    match tungstenite::client(format!("ws://{host}{path}"), stream) {
        Ok((client, _)) => Ok(client),
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
            Err(response.status().as_u16())
        }
        Err(_) => Err(0),
    }
}

/// The next text message.
pub(crate) fn text<S: Read + Write>(client: &mut WebSocket<S>) -> String {
    client.read().unwrap().into_text().unwrap().to_string()
}

/// The code of the Close that comes next; the closing handshake is completed.
pub(crate) fn close_code<S: Read + Write>(client: &mut WebSocket<S>) -> u16 {
    loop {
        match client.read() {
            Ok(tungstenite::Message::Close(frame)) => {
                let code = frame.map_or(1005, |frame| frame.code.into());
                while client.read().is_ok() {}
                return code;
            }
            Ok(_) => {}
            Err(error) => panic!("no Close: {error}"),
        }
    }
}

/// Waits until the service's counters are as they should be.
pub(crate) fn until<P: Protocol>(handle: &Handle<P>, is_right: impl Fn(&Stats) -> bool) -> Stats {
    eventually(|| Some(handle.stats()).filter(&is_right))
}

/// Asks again and again until there is an answer.
pub(crate) fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "it never came to be");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// After the last connection nothing is left of any.
pub(crate) fn nothing_left<P: Protocol>(handle: &Handle<P>) {
    let stats =
        until(handle, |stats| stats.connections == 0 && stats.timers == 0 && stats.topics == 0);
    assert_eq!(stats.sessions, 0);
    assert_eq!(stats.queued_bytes, 0);
    assert_eq!(stats.armed.iter().sum::<u64>(), 0);
    assert_eq!(stats.opened, stats.closes.iter().sum::<u64>());
}
