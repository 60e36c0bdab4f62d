//! Topics, and publishing to them.

use tungstenite::Message;

use super::start;

#[test]
fn topics_of_all_threads_are_listed_in_order() {
    let server = start(&[]);
    let rooms = ["a", "b", "c", "d"];
    let clients: Vec<_> =
        (0..12).map(|it| server.connect(&format!("/mirror/{}", rooms[it % 4]))).collect();
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/topics?limit=3{next}")).json();
        for topic in page["topics"].as_array().unwrap() {
            seen.push(format!("{} {}", topic["name"].as_str().unwrap(), topic["subscribers"]));
        }
        let Some(after) = page["next"].as_str() else { break };
        next = format!("&after={}", after.replace('/', "%2F"));
    }
    assert_eq!(seen, ["mirror/a 3", "mirror/b 3", "mirror/c 3", "mirror/d 3"]);
    drop(clients);
}

#[test]
fn what_is_published_reaches_all_who_subscribe() {
    let server = start(&[]);
    let mut clients: Vec<_> = (0..6).map(|_| server.connect("/mirror/tea")).collect();
    let path = "/api/v1/topics/mirror%2Ftea";
    let said = server.post(path, "text/plain; charset=utf-8", "grüß".as_bytes());
    assert_eq!((said.status, said.json()["bytes"].as_u64()), (202, Some(6)));
    assert_eq!(server.post(path, "application/octet-stream", &[0, 255]).status, 202);
    assert_eq!(server.post(path, "application/json", b"{}").status, 202);
    for client in &mut clients {
        assert_eq!(client.read().unwrap(), Message::text("grüß"));
        assert_eq!(client.read().unwrap(), Message::binary(vec![0, 255]));
        assert_eq!(client.read().unwrap(), Message::text("{}"));
    }
}

#[test]
fn what_can_not_be_published_says_why() {
    let server = start(&[]);
    let path = "/api/v1/topics/t";
    assert!(server.post(path, "image/png", b"x").problem(415).contains("text/plain"));
    server.ask(&format!("POST {path}"), "", b"x").problem(415);
    assert!(server.post(path, "text/plain", b"\xFF").problem(400).contains("UTF-8"));
    server.post(path, "text/plain", &vec![b'x'; (1 << 20) + 1]).problem(413);
    assert_eq!(server.post(path, "text/plain", &vec![b'x'; 1 << 20]).status, 202);
}
