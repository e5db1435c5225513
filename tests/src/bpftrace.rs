//! bpftrace, as a second opinion on the same calls.

use std::{
    fs::{File, OpenOptions},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::fs::sendfile;
use serde_json::Value;

use crate::process::{Guarded, Lines};

/// It compiles its programs first.
const ATTACH: Duration = Duration::from_secs(60);

/// A `hist()` of the latencies of a process's sendfile calls, while it runs.
pub struct Bpftrace {
    child: Guarded,
    stdout: Lines,
}

/// What `hist()` counted.
#[derive(Clone, Debug)]
pub struct Hist(
    /// The lower edge of each row and the calls in it, ns.
    pub Vec<(u64, u64)>,
);

impl Bpftrace {
    /// Returns when all its probes are attached.
    ///
    /// # Panics
    /// If they do not get attached.
    #[must_use]
    pub fn hist_of_sendfile(pid: u32) -> Self {
        let us = std::process::id();
        let script = format!(
            "tracepoint:syscalls:sys_enter_sendfile64 /pid == {pid}/ {{ @start[tid] = nsecs; }}
             tracepoint:syscalls:sys_exit_sendfile64 /@start[tid]/ {{ @ns = hist(nsecs - @start[tid]); delete(@start[tid]); }}
             tracepoint:syscalls:sys_enter_sendfile64 /pid == {us}/ {{ @entered = 1; }}
             tracepoint:syscalls:sys_exit_sendfile64 /pid == {us} && @entered/ {{ printf(\"attached\\n\"); }}
             END {{ clear(@start); clear(@entered); }}"
        );
        let mut command = Command::new("bpftrace");
        command.args(["-f", "json", "-e", &script]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = Guarded::new(command.spawn().expect("starting bpftrace"));
        let mut stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        let mut attached = Err(String::new());
        let deadline = Instant::now() + ATTACH;
        // It does not say when it is attached, and one probe comes after the other: call until it has seen
        // an entry and an exit. Its probes on an exit are attached in the script's order, the printing one last.
        while attached.is_err() && Instant::now() < deadline {
            one_call();
            attached = stdout.find(Duration::from_millis(50), |line| line.contains("attached\\n"));
        }
        attached.expect("bpftrace attaches its probes");
        Self { child, stdout }
    }

    /// Ends it, and reads what it counted.
    ///
    /// # Panics
    /// If there is no histogram in its output.
    #[must_use]
    pub fn stop(mut self) -> Hist {
        self.child.interrupt();
        self.child.wait(Duration::from_secs(30));
        let text = self.stdout.rest();
        let rows = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|line| line["data"]["@ns"].as_array().cloned())
            .unwrap_or_else(|| panic!("no histogram from bpftrace:\n{text}"));
        let edge = |row: &Value| (row["min"].as_u64().unwrap_or(0), row["count"].as_u64().expect("a count"));
        Hist(rows.iter().map(edge).collect())
    }
}

impl Hist {
    /// All calls.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// Calls of at least `edge`, one of the histogram's own edges.
    #[must_use]
    pub fn at_least(&self, edge: u64) -> u64 {
        self.0.iter().filter(|(low, _)| *low >= edge).map(|(_, count)| count).sum()
    }
}

fn one_call() {
    let source = File::open("/proc/self/exe").expect("this test's own executable");
    let null = OpenOptions::new().write(true).open("/dev/null").expect("/dev/null");
    sendfile(&null, &source, None, 1).expect("sending one byte to /dev/null");
}
