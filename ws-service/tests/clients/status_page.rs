//! The status page in a browser: it shows what happens as it happens, and complains of nothing.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::chromium::chromium_is_missing;
use crate::devtools::Page;
use crate::server::Server;

const CONNECTIONS: &str = "Number(document.getElementById('now-connections').textContent)";

fn start(flags: &[&str]) -> (Server, String) {
    let server = Server::start(&[&["--threads", "2", "--admin", "127.0.0.1:0"], flags].concat());
    let url = format!("http://{}/", server.admin.unwrap());
    (server, url)
}

/// A storm; ended, if it still is there, when this goes.
struct Storm(Child);

impl Storm {
    fn start(server: &Server) -> Self {
        let url = format!("ws://{}/echo", server.addresses[0]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_ws-service"));
        command.args(["storm", &url, "--connections", "500", "--end", "kill", "--rounds", "2"]);
        command.args(["--seconds", "3", "--settle", "2s"]).stdin(Stdio::null());
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn end(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything fits the width, and everything has a name for those who don't see it.
fn assert_readable(page: &mut Page, width: u32) {
    page.until(&format!("document.documentElement.scrollWidth <= {width}"));
    page.until(
        "[...document.querySelectorAll('.card')].every(it => it.scrollWidth <= it.clientWidth)",
    );
    page.until("[...document.querySelectorAll('svg, meter')].every(it => it.ariaLabel)");
    page.until(
        "[...document.querySelectorAll('tbody tr')].every(it => it.cells[0].scope === 'row')",
    );
    page.until(
        "document.querySelectorAll('h1').length === 1 && document.documentElement.lang === 'en'",
    );
}

#[test]
fn the_status_page_shows_a_storm_as_it_happens() {
    if chromium_is_missing() {
        return;
    }
    let (server, url) = start(&["--ping-after", "1s", "--hangup-after", "10s"]);
    let mut page = Page::open(1280, 1000, false);
    page.go(&url);
    page.until("document.getElementById('feed')?.textContent === 'live'");
    let storm = Storm::start(&server);
    page.until(&format!("{CONNECTIONS} > 400"));
    page.until("Number(document.getElementById('now-in').textContent.replace(',', '')) > 100");
    page.screenshot("status-storm");
    // They are killed, and the survivors are not.
    page.until("[...document.querySelectorAll('#closes tr')].some(it => it.cells[0].textContent === 'disconnected' && Number(it.cells[1].textContent) >= 400)");
    page.until(&format!("{CONNECTIONS} < 100"));
    storm.end();
    page.until("[...document.querySelectorAll('#plots svg')].every(it => it.querySelector('path').getAttribute('d'))");
    page.until("document.querySelector('#plots svg').ariaLabel.includes('at most 5')");
    assert_readable(&mut page, 1280);
    page.screenshot("status-after");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn the_status_page_fits_a_phone_and_the_night() {
    if chromium_is_missing() {
        return;
    }
    let (server, url) = start(&[]);
    let mut page = Page::open(360, 740, true);
    page.go(&url);
    page.until("document.getElementById('feed')?.textContent === 'live'");
    let storm = Storm::start(&server);
    page.until(&format!("{CONNECTIONS} > 400"));
    assert_readable(&mut page, 360);
    page.screenshot("status-phone");
    storm.end();
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn the_status_page_asks_for_the_token_and_begins_again_when_the_service_does() {
    if chromium_is_missing() {
        return;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "correct-horse-battery").unwrap();
    let token = ["--admin-token-file", file.path().to_str().unwrap()];
    let (server, url) = start(&token);
    let mut page = Page::open(1000, 700, false);
    page.go(&url);
    page.until("document.getElementById('token-form')?.hidden === false");
    page.screenshot("status-token");
    page.evaluate("document.getElementById('token').value = 'correct-horse-battery'; document.getElementById('token-form').requestSubmit()");
    page.until("document.getElementById('feed').textContent === 'live'");
    // The 401 is the only thing there was to complain of.
    assert_eq!(page.complaints().len(), 1, "{:?}", page.complaints());
    let admin = server.admin.unwrap().to_string();
    drop(server);
    page.until("document.getElementById('feed').textContent.includes('trying again')");
    let arguments = ["--threads", "1", "--admin", &admin];
    let _server = Server::start(&[&arguments[..], &token].concat());
    page.until("document.getElementById('feed').textContent === 'live'");
}
