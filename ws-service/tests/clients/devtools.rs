//! A browser's page, driven by the DevTools protocol.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use crate::chromium::FLAGS;
use crate::server::PATIENCE;

/// A page, and the browser that shows it.
pub(crate) struct Page {
    browser: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    last: u64,
    /// What the page has complained about: errors, warnings, exceptions.
    complaints: Vec<String>,
    _home: TempDir,
}

impl Page {
    /// An empty page of this size.
    pub(crate) fn open(width: u32, height: u32, is_dark: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut browser = Command::new("chromium")
            .args(FLAGS)
            .arg("--remote-debugging-port=0")
            .arg("--hide-scrollbars")
            .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
            .arg("about:blank")
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines =
            BufReader::new(browser.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address =
            lines.find_map(|line| Some(line.split_once("DevTools listening on ")?.1.to_owned()));
        // What else it says is nobody's business, but it must be able to say it.
        std::thread::spawn(move || lines.for_each(drop));
        let (socket, _) = tungstenite::connect(address.expect("DevTools")).unwrap();
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
        }
        let (session, complaints) = (String::new(), Vec::new());
        let mut page = Self { browser, socket, session, last: 0, complaints, _home: home };
        let target = page.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let id = &target["targetId"];
        let attached =
            page.call("Target.attachToTarget", &json!({ "targetId": id, "flatten": true }));
        attached["sessionId"].as_str().unwrap().clone_into(&mut page.session);
        for domain in ["Page", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), &json!({}));
        }
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        page.call("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        page.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
        page
    }

    pub(crate) fn go(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
    }

    /// What an expression is worth there.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self
            .call("Runtime.evaluate", &json!({ "expression": expression, "returnByValue": true }));
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true there.
    pub(crate) fn until(&mut self, expression: &str) {
        let start = Instant::now();
        while self.evaluate(expression) != true {
            assert!(start.elapsed() < PATIENCE, "never came to be: {expression}");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Keeps what it looks like, all of it, for whoever wants to look.
    pub(crate) fn screenshot(&mut self, name: &str) {
        let shot = self.call("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        let png = BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        let path = format!("{}/{name}.png", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(&path, png).unwrap();
        println!("screenshot: {path}");
    }

    pub(crate) fn complaints(&mut self) -> &[String] {
        // Whatever comes before this answer has been said.
        self.evaluate("1");
        &self.complaints
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut request = json!({ "id": self.last, "method": method, "params": params });
        if !self.session.is_empty() {
            request["sessionId"] = self.session.as_str().into();
        }
        self.socket.send(Message::text(request.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.hear(&message);
        }
    }

    fn hear(&mut self, event: &Value) {
        let params = &event["params"];
        let is_complaint = match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled") => true,
            Some("Log.entryAdded") => params["entry"]["level"] != "verbose",
            _ => false,
        };
        if is_complaint {
            self.complaints.push(params.to_string());
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may have gone already.
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
