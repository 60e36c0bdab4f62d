//! What every client has to see, and the service with it.

use rustix::process::Signal;

use crate::client::Client;
use crate::server::Server;

/// What the scripts and the page send, by the names they print.
pub(crate) const MESSAGES: [&str; 6] =
    ["ASCII", "non-ASCII", "empty", "bytes", "16 MiB of noise", "16 MiB of text"];

/// All of these messages came back as they were, and the connection was closed as it should be.
pub(crate) fn assert_echoed(server: &mut Server, client: &Client, agreed: &str, messages: &[&str]) {
    let mut expected = vec![format!("agreed {agreed}")];
    expected.extend(messages.iter().map(|name| format!("{name}: ok")));
    expected.push("closed 1000".to_owned());
    assert_eq!(client.verdicts(), expected);
    assert_served(server, messages.len(), agreed != "none");
}

/// The service has seen one connection with so many messages, compressed or not, that its peer closed.
pub(crate) fn assert_served(server: &mut Server, messages: usize, is_compressed: bool) {
    let stats = server.until(|stats| stats["connections"] == 0);
    assert_eq!(stats["opened"], 1, "{stats}");
    assert_eq!(stats["closes"]["peer"], 1, "{stats}");
    assert_eq!(stats["messages_in"], messages, "{stats}");
    assert_eq!(stats["messages_out"], messages, "{stats}");
    assert_eq!(stats["inflated"] != 0, is_compressed, "{stats}");
    assert_eq!(stats["deflated"] != 0, is_compressed, "{stats}");
}

/// The service ends, and a client that waits hears that it is going away.
pub(crate) fn assert_told_of_the_end(mut server: Server, client: &Client) {
    server.until(|stats| stats["handshakes"] == 1);
    server.signal(Signal::TERM);
    assert_eq!(client.verdicts(), ["closed 1001"]);
    assert_eq!(server.end().0, Some(0));
}
