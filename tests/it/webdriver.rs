//! A small WebDriver client: just enough of the W3C protocol to drive Chromium through chromedriver.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// The key under which the protocol hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long to wait for one answer of the browser.
const PATIENCE: Duration = Duration::from_mins(2);

/// Keys as WebDriver writes them.
pub(crate) mod keys {
    pub(crate) const ENTER: &str = "\u{e007}";
    pub(crate) const RIGHT: &str = "\u{e014}";
    pub(crate) const DOWN: &str = "\u{e015}";
}

/// A browser with one window. It ends with its value.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

/// Starts a browser with a window of this size; `None`, with clear words, on a machine without one.
pub(crate) fn browser(width: u32, height: u32, arguments: &[&str]) -> Option<Browser> {
    let spawned = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut driver = match spawned {
        Ok(driver) => driver,
        Err(error) => {
            // In CI the browser is installed before the tests, so there its absence is a failure.
            assert!(
                std::env::var_os("BROWSER_REQUIRED").is_none(),
                "chromedriver cannot be started: {error}"
            );
            // Written past the test harness, which shows nothing that a passing test prints.
            let words = "browser tests NOT RUN: there is no chromedriver (Debian: apt-get install chromium chromium-driver)";
            let _ = writeln!(io::stderr(), "{words}");
            return None;
        }
    };
    let said = BufReader::new(driver.stdout.take().unwrap());
    let port = said.lines().map_while(Result::ok).find_map(|line| {
        let (_, rest) = line.split_once("started successfully on port ")?;
        rest.trim_end_matches('.').parse().ok()
    });
    let mut browser = Browser { driver, port: port.unwrap(), session: String::new() };
    let mut args = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        format!("--window-size={width},{height}"),
    ];
    args.extend(arguments.iter().map(|it| (*it).to_owned()));
    let wanted = json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": {"args": args},
        "goog:loggingPrefs": {"browser": "ALL"},
    }}});
    let made = browser.call("POST", "/session", Some(&wanted));
    made["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
    Some(browser)
}

impl Browser {
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = body.map_or(String::new(), Value::to_string);
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
        let _ = write!(head, "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let line = line.trim().to_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text).unwrap();
        let mut answer: Value = serde_json::from_slice(&text).unwrap();
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{method} {path}: {value}");
        value
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}{path}", self.session), Some(body))
    }

    /// Opens a file and waits until its script has run.
    pub(crate) fn open(&self, file: &Path) {
        self.post("/url", &json!({"url": format!("file://{}", file.display())}));
        let loaded = self.run("return document.documentElement.dataset.loaded === 'yes'");
        assert_eq!(loaded, json!(true), "the script ended early: {:?}", self.complaints());
    }

    /// What a script returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Clicks the middle of the first such element.
    pub(crate) fn click(&self, selector: &str) {
        self.post(&format!("/element/{}/click", self.element(selector)), &json!({}));
    }

    /// Clicks a point of an element, as far right of and below its middle.
    pub(crate) fn click_at(&self, selector: &str, x: i32, y: i32) {
        let origin = json!({ELEMENT: self.element(selector)});
        self.post(
            "/actions",
            &json!({"actions": [{"type": "pointer", "id": "mouse", "actions": [
                {"type": "pointerMove", "duration": 0, "origin": origin, "x": x, "y": y},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerUp", "button": 0},
            ]}]}),
        );
    }

    /// Types into an element.
    pub(crate) fn keys(&self, selector: &str, text: &str) {
        self.post(&format!("/element/{}/value", self.element(selector)), &json!({"text": text}));
    }

    /// The text of the first such element, as it is seen.
    pub(crate) fn text(&self, selector: &str) -> String {
        let path = format!("/session/{}/element/{}/text", self.session, self.element(selector));
        self.call("GET", &path, None).as_str().unwrap().to_owned()
    }

    /// Errors and warnings of the page so far.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({"type": "browser"}));
        let entries = log.as_array().unwrap().iter();
        let bad = entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Quitting the driver ends the browser that it started.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let path = format!("/session/{}", self.session);
            let head = format!("DELETE {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = stream.read(&mut [0; 64]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
