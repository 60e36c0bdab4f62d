//! The chat of `docs/embedding.md`.

use ws_service::ServiceBuilder;

use crate::support::{close_code, connect, nothing_left, serve, text};

const TUTORIAL: &str = include_str!("../../../docs/embedding.md");
const EXAMPLE: &str = include_str!("../../examples/chat.rs");

#[path = "../../examples/chat.rs"]
#[expect(dead_code, reason = "its `main`")]
mod example;

#[test]
fn it_says_who_is_there_comes_speaks_and_goes_on_all_threads() {
    let routes =
        ServiceBuilder::routes().route("/{room}/{name}", example::Chat::default()).unwrap();
    let (service, address) = serve(routes.threads(2));
    let mut ann = connect(address, "/tea/ann");
    assert_eq!(text(&mut ann), "here: ann");
    let mut bob = connect(address, "/tea/bob");
    assert_eq!(text(&mut bob), "here: ann, bob");
    assert_eq!(text(&mut ann), "bob has come");
    let mut eve = connect(address, "/coffee/eve");
    assert_eq!(text(&mut eve), "here: eve");
    bob.send("hello".into()).unwrap();
    assert_eq!(text(&mut ann), "bob says: hello");
    drop(bob);
    assert_eq!(text(&mut ann), "bob has gone");
    assert_eq!(text(&mut connect(address, "/tea/cleo")), "here: ann, cleo");
    assert_eq!(text(&mut ann), "cleo has come");
    assert_eq!(text(&mut ann), "cleo has gone");
    ann.send(tungstenite::Message::binary(vec![1])).unwrap();
    assert_eq!(close_code(&mut ann), 1003);
    drop(eve);
    nothing_left(&service.handle());
}

/// The pieces that the tutorial shows are the example, and all of it.
#[test]
fn the_tutorial_shows_the_whole_of_it_in_fewer_than_100_lines() {
    let pieces = TUTORIAL.split("```rust\n").skip(1);
    let pieces: String = pieces.map(|rest| rest.split("```").next().unwrap()).collect();
    let code = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("//!"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(code(&pieces), code(EXAMPLE));
    assert!(EXAMPLE.lines().count() < 100);
}
