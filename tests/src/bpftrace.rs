//! bpftrace, as a second opinion on the same calls.

use std::{
    fs::{File, OpenOptions},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    fs::sendfile,
    mount::{MountFlags, UnmountFlags, mount, unmount},
};
use serde_json::Value;

use crate::process::{Guarded, Lines};

/// It compiles its programs first.
const ATTACH: Duration = Duration::from_secs(60);

/// A `hist()` of the latencies of a process's sendfile calls, while it runs.
pub struct Bpftrace {
    child: Guarded,
    stdout: Lines,
    _tracefs: Tracefs,
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
        let tracefs = Tracefs::mounted();
        let mut command = Command::new("bpftrace");
        command.args(["-f", "json", "-e", &script]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Guarded::new(command.spawn().expect("starting bpftrace"));
        let mut stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        let stderr = Lines::of(child.child().stderr.take().expect("stderr is a pipe"));
        let mut attached = Err(String::new());
        let deadline = Instant::now() + ATTACH;
        // It does not say when it is attached, and one probe comes after the other: call until it has seen
        // an entry and an exit. Its probes on an exit are attached in the script's order, the printing one last.
        while attached.is_err() && Instant::now() < deadline && child.is_running() {
            one_call();
            attached = stdout.find(Duration::from_millis(50), |line| line.contains("attached\\n"));
        }
        if attached.is_err() {
            drop(child);
            panic!("bpftrace attaches no probes:\n{}", stderr.rest());
        }
        Self { child, stdout, _tracefs: tracefs }
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

/// Where bpftrace looks for the tracepoints; mounted for as long as this lives, if it was not.
struct Tracefs {
    mounted: bool,
}

impl Tracefs {
    const POINT: &str = "/sys/kernel/tracing";

    fn mounted() -> Self {
        let missing = !Path::new(Self::POINT).join("events").exists();
        if missing {
            mount("nodev", Self::POINT, "tracefs", MountFlags::empty(), None).expect("mounting tracefs");
        }
        Self { mounted: missing }
    }
}

impl Drop for Tracefs {
    fn drop(&mut self) {
        if self.mounted {
            // Somebody may still look into it: then it goes when they are done.
            let _ = unmount(Self::POINT, UnmountFlags::DETACH);
        }
    }
}

fn one_call() {
    let source = File::open("/proc/self/exe").expect("this test's own executable");
    let null = OpenOptions::new().write(true).open("/dev/null").expect("/dev/null");
    sendfile(&null, &source, None, 1).expect("sending one byte to /dev/null");
}
