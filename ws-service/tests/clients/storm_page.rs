//! The page that a storm writes, in a browser.

use std::process::Command;

use crate::chromium::chromium_is_missing;
use crate::devtools::Page;
use crate::server::Server;

#[test]
fn the_page_of_a_storm_is_readable_at_a_desk_on_a_phone_and_at_night() {
    if chromium_is_missing() {
        return;
    }
    let server = Server::start(&["--threads", "2", "--admin", "127.0.0.1:0"]);
    let file = tempfile::Builder::new().suffix(".html").tempfile().unwrap();
    let url = format!("ws://{}/echo", server.addresses[0]);
    let admin = format!("http://{}", server.admin.unwrap());
    let mut storm = Command::new(env!("CARGO_BIN_EXE_ws-service"));
    storm.args(["storm", &url, "--connections", "500", "--seconds", "1", "--rounds", "2"]);
    storm.args(["--admin", &admin, "--server-pid", &server.id().to_string(), "--report"]);
    assert!(storm.arg(file.path()).status().unwrap().success());
    for (name, width, is_dark) in [("storm-desk", 1000, false), ("storm-phone", 360, true)] {
        let mut page = Page::open(width, 800, is_dark);
        page.go(&format!("file://{}", file.path().display()));
        page.until("document.querySelectorAll('svg').length >= 9");
        page.until(&format!("document.documentElement.scrollWidth <= {width}"));
        page.until(
            "[...document.querySelectorAll('svg')].every(it => it.closest('[role=img]').ariaLabel)",
        );
        page.screenshot(name);
        assert_eq!(page.complaints(), [""; 0]);
    }
}
