//! A real browser, without a window: Chromium, told what to do by its DevTools protocol over a pipe
//! (<https://chromedevtools.github.io/devtools-protocol/>), so no port is open and the browser ends with the test.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{process::Guarded, require};

/// How long an answer may take. Only a browser that hangs reaches it.
const PATIENCE: Duration = Duration::from_secs(120);

/// The protocol's two pipes are descriptors 3 and 4; exec keeps the shell's process id.
const START: &str = r#"exec chromium "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

const ARGUMENTS: [&str; 14] = [
    "--headless=new",
    // Chromium's own sandbox refuses root; what is shown is the test's own file.
    "--no-sandbox",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--window-size=1280,900",
    // Whatever is asked for by name is not there.
    "--host-resolver-rules=MAP * ~NOTFOUND",
];

/// One browser at a time: each takes a few hundred megabytes and all CPUs.
static ONE: Mutex<()> = Mutex::new(());

/// A browser with one page.
pub struct Browser {
    child: Guarded,
    commands: ChildStdin,
    messages: Receiver<Value>,
    next_id: u64,
    session: String,
    events: Vec<Value>,
    folder: TempDir,
    _one: MutexGuard<'static, ()>,
}

impl Browser {
    /// Starts one; `None`, and the test is skipped, if there is none here.
    ///
    /// # Panics
    /// If it does not start, or in CI if there is none.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let is_here = Command::new("chromium").arg("--version").stdin(Stdio::null()).output();
        if !is_here.is_ok_and(|version| version.status.success()) {
            require::skip(test, "no chromium here (Debian: chromium)");
            return None;
        }
        let folder = TempDir::new().expect("a folder for the browser's profile");
        let mut command = Command::new("sh");
        command.args(["-c", START, "chromium"]).args(ARGUMENTS);
        command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
        command.env("HOME", folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = Guarded::new(command.spawn().expect("starting chromium"));
        let commands = child.child().stdin.take().expect("stdin is a pipe");
        let answers = child.child().stdout.take().expect("stdout is a pipe");
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for message in BufReader::new(answers).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { break };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            child,
            commands,
            messages,
            next_id: 0,
            session: String::new(),
            events: Vec::new(),
            folder,
            _one: one,
        };
        browser.open_page();
        Some(browser)
    }

    fn open_page(&mut self) {
        let target = self.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = self.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        self.session = attached["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Sends a command and waits for its result.
    ///
    /// # Panics
    /// If the browser refuses it or does not answer.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        let mut command = json!({"id": id, "method": method, "params": parameters});
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&command).expect("a command is JSON");
        bytes.push(0);
        self.commands.write_all(&bytes).expect("chromium takes commands");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut message = self.next(deadline, method);
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    fn next(&mut self, deadline: Instant, what: &str) -> Value {
        let left = deadline.saturating_duration_since(Instant::now());
        self.messages.recv_timeout(left).unwrap_or_else(|error| {
            panic!("chromium (running: {}) did not answer {what}: {error}", self.child.is_running())
        })
    }

    /// Waits for an event that fits; those that came before are looked at first.
    ///
    /// # Panics
    /// If it does not come.
    pub fn wait_for(&mut self, event: &str, fits: impl Fn(&Value) -> bool) {
        let is_it = |message: &Value| message["method"] == event && fits(&message["params"]);
        let deadline = Instant::now() + PATIENCE;
        while !self.events.iter().any(is_it) {
            let message = self.next(deadline, event);
            self.events.push(message);
        }
    }

    /// Shows a file, and forgets what happened before.
    ///
    /// # Panics
    /// If it cannot be shown.
    pub fn show(&mut self, page: &Path) {
        self.events.clear();
        let url = format!("file://{}", page.display());
        let answer = self.call("Page.navigate", json!({"url": url}));
        assert!(answer["errorText"].is_null(), "{url}: {answer}");
        self.wait_for("Page.loadEventFired", |_| true);
    }

    /// Writes a page into the browser's folder and shows it.
    ///
    /// # Panics
    /// If it cannot be written or shown.
    pub fn show_text(&mut self, html: &str) {
        let path = self.folder.path().join("page.html");
        std::fs::write(&path, html).expect("writing a page");
        self.show(&path);
    }

    /// The folder of this browser, which is gone with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What an expression of JavaScript comes to; a promise is waited for.
    ///
    /// # Panics
    /// If it throws.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Everything since the page was shown that a sound page does not cause: console messages, uncaught exceptions, refused
    /// content, dialogs, and requests for anything but the page itself.
    #[must_use]
    pub fn complaints(&mut self) -> Vec<String> {
        // The answer comes behind all events of what the page did before.
        let own = self.evaluate("location.href");
        let is_complaint = |event: &Value| match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => event["params"]["request"]["url"] != own,
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => true,
            "Page.javascriptDialogOpening" | "Page.frameAttached" | "Network.webSocketCreated" => true,
            _ => false,
        };
        self.events.iter().filter(|event| is_complaint(event)).map(Value::to_string).collect()
    }

    /// Clicks into the middle of what a selector picks.
    ///
    /// # Panics
    /// If there is none.
    pub fn click(&mut self, selector: &str) {
        let place = self.evaluate(&format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView({{block: 'center', inline: 'center', \
             behavior: 'instant'}}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; \
             }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let parameters = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", parameters);
        }
    }

    /// Presses a key: `Tab`, `Enter`, or a space.
    ///
    /// # Panics
    /// If it is another one.
    pub fn press(&mut self, key: &str) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            " " => ("Space", 32, " "),
            _ => panic!("no key {key:?} is known here"),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let parameters =
                json!({"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "text": text});
            self.call("Input.dispatchKeyEvent", parameters);
        }
    }

    /// Types text into what has the focus.
    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Shows the page for a medium (`screen`, `print`) in a colour scheme (`light`, `dark`).
    pub fn media(&mut self, medium: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"media": medium, "features": features}));
    }

    /// Makes the window so many pixels wide.
    pub fn width(&mut self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// The whole page as a PNG.
    ///
    /// # Panics
    /// If the browser gives none.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let size = self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
        self.screenshot_of(json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}))
    }

    /// A part of the page as a PNG: `x`, `y`, `width`, `height`, `scale`.
    ///
    /// # Panics
    /// If the browser gives none.
    pub fn screenshot_of(&mut self, clip: Value) -> Vec<u8> {
        let parameters = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        decoded(&self.call("Page.captureScreenshot", parameters)["data"])
    }

    /// The page on paper, as a PDF.
    ///
    /// # Panics
    /// If the browser gives none.
    pub fn print(&mut self) -> Vec<u8> {
        decoded(&self.call("Page.printToPDF", json!({"printBackground": true}))["data"])
    }
}

/// The bytes of base64 text (RFC 4648).
fn decoded(text: &Value) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("{byte} is no digit of base64"),
    };
    let digits = text.as_str().expect("base64 text").trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let bits = group.iter().enumerate().fold(0, |bits, (at, &byte)| bits | u32::from(digit(byte)) << (18 - 6 * at));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648, section 10.
    #[test]
    fn base64_is_read_as_its_standard_says() {
        let read = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"].map(|text| decoded(&json!(text)));
        assert_eq!(read, ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| text.as_bytes().to_vec()));
    }
}
