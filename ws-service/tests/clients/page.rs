//! A web server for one page, so that it has an origin of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

const PAGE: &str = include_str!("echo.html");

/// Serves the page on a free port as long as the process lives; its origin.
pub(crate) fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        // A browser also opens connections on which it asks nothing: each gets its own thread.
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(&stream));
        }
    });
    origin
}

/// Answers one request, whatever it asks for.
fn answer(mut stream: &TcpStream) {
    let mut head = BufReader::new(stream).lines().map_while(Result::ok);
    if !head.any(|line| line.is_empty()) {
        return;
    }
    let length = PAGE.len();
    // The browser may be gone.
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{PAGE}"
    );
}
