//! A running exporter: asked, scraped, told to end.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use crate::{
    process::{Guarded, Lines},
    tracer::binary,
    wait,
};

/// The verifier takes a while on a busy machine.
const ATTACH: Duration = Duration::from_secs(120);

/// An answer may take a while there, too.
const PATIENCE: Duration = Duration::from_secs(60);

/// An exporter.
pub struct Exporter {
    child: Guarded,
    /// So that several threads may ask it.
    stderr: Mutex<Lines>,
    port: u16,
}

/// A metric with its labels, as the text has them, and its value.
pub type Samples = BTreeMap<String, f64>;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Exporter {
    /// Starts `tracer serve ARGUMENTS` on a port of the loopback network that is free; returns when it has figures.
    ///
    /// # Panics
    /// If it does not get that far.
    #[must_use]
    pub fn start(arguments: &str) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments.split_whitespace());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = Guarded::new(command.spawn().expect("starting tracer"));
        let mut stderr = Lines::of(child.child().stderr.take().expect("stderr is a pipe"));
        let line = stderr.find(ATTACH, |line| line.starts_with("tracing ")).expect("the window opens");
        let port = line.rsplit_once("127.0.0.1:").and_then(|(_, rest)| rest.split('/').next()?.parse().ok());
        let this = Self { child, stderr: Mutex::new(stderr), port: port.expect("it says where it listens") };
        wait::until(PATIENCE, || (this.get("/healthz").status == 200).then_some(())).expect("it gets well");
        this
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// A connection to it.
    ///
    /// # Panics
    /// If there is none to be had.
    #[must_use]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connecting to the exporter");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit for reading");
        stream
    }

    /// Sends `request`, and takes what comes.
    ///
    /// # Panics
    /// If nothing comes that is HTTP.
    #[must_use]
    pub fn ask(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // It may have answered already, and take no more.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).expect("an answer in UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// Asks for `path`.
    ///
    /// # Panics
    /// Likewise.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes())
    }

    /// The metrics, in the older text.
    ///
    /// # Panics
    /// If they are refused, or cannot be read.
    #[must_use]
    pub fn samples(&self) -> Samples {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200, "{}", answer.body);
        samples(&answer.body)
    }

    /// Asks again and again until the metrics are as `wanted`; those that it found at last.
    ///
    /// # Panics
    /// If they never are.
    pub fn samples_when(&self, wanted: impl Fn(&Samples) -> bool) -> Samples {
        let mut last = Samples::new();
        let found = wait::until(PATIENCE, || {
            last = self.samples();
            wanted(&last).then_some(())
        });
        assert!(found.is_some(), "it never happened: {last:#?}");
        last
    }

    /// Tells it to end, as a service manager does, and returns its exit code and what it said.
    ///
    /// # Panics
    /// If it does not end.
    pub fn end(mut self) -> (i32, String) {
        let pid = rustix::process::Pid::from_raw(self.child.pid().cast_signed()).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("telling it to end");
        let status = self.child.wait(PATIENCE);
        (crate::process::exit_code(status), self.stderr.into_inner().expect("nobody panicked with it").rest())
    }
}

/// The samples of a text.
///
/// # Panics
/// If one has no value, or is there twice.
#[must_use]
pub fn samples(text: &str) -> Samples {
    let mut samples = Samples::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
        let value = value.parse().unwrap_or_else(|_| panic!("no value: {line}"));
        assert!(samples.insert(name.to_owned(), value).is_none(), "twice: {line}");
    }
    samples
}
