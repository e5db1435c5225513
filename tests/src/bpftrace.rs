//! bpftrace, as a second opinion on the same calls and sleeps.

use std::{
    collections::BTreeMap,
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

/// Counts in the kernel while it runs.
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

/// A thread's sleeps for storage.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// How many.
    pub count: u64,
    /// Their sum, ns.
    pub sum_ns: u64,
    /// The longest, ns.
    pub max_ns: u64,
}

impl Bpftrace {
    /// A `hist()` of the latencies of a process's sendfile calls. Returns when all probes are attached.
    ///
    /// # Panics
    /// If they do not get attached.
    #[must_use]
    pub fn hist_of_sendfile(pid: u32) -> Self {
        Self::start(&format!(
            "tracepoint:syscalls:sys_enter_sendfile64 /pid == {pid}/ {{ @start[tid] = nsecs; }}
             tracepoint:syscalls:sys_exit_sendfile64 /@start[tid]/ {{ @ns = hist(nsecs - @start[tid]); delete(@start[tid]); }}"
        ))
    }

    /// The sleeps for storage of each thread of a process, until it is woken: uninterruptible ones that the
    /// kernel accounts as I/O, and inside fsync, fdatasync and msync those for a journal too. Returns when all probes are
    /// attached.
    ///
    /// # Panics
    /// If they do not get attached.
    #[must_use]
    pub fn disk_waits_of(pid: u32) -> Self {
        let probes = |edge: &str| {
            let calls = ["fsync", "fdatasync", "msync"].map(|call| format!("tracepoint:syscalls:sys_{edge}_{call}"));
            calls.join(", ")
        };
        let (enter, exit) = (probes("enter"), probes("exit"));
        Self::start(&format!(
            "{enter} /pid == {pid}/ {{ @syncs[tid] = 1; }}
             {exit} /@syncs[tid]/ {{ delete(@syncs[tid]); }}
             tracepoint:sched:sched_switch /pid == {pid} && (args->prev_state & 2) && (curtask->in_iowait || @syncs[tid])/ {{
               @since[tid] = nsecs;
             }}
             tracepoint:sched:sched_waking /@since[args->pid]/ {{
               $ns = nsecs - @since[args->pid];
               @count[args->pid] = count(); @sum[args->pid] = sum($ns); @max[args->pid] = max($ns);
               delete(@since[args->pid]);
             }}"
        ))
    }

    /// The kernel stacks on which a process sleeps for storage. Returns when all probes are attached.
    ///
    /// # Panics
    /// If they do not get attached.
    #[must_use]
    pub fn kernel_stacks_of(pid: u32) -> Self {
        Self::start(&format!(
            "tracepoint:sched:sched_switch /pid == {pid} && (args->prev_state & 2) && curtask->in_iowait/ {{
               @stacks[kstack] = count();
             }}"
        ))
    }

    fn start(script: &str) -> Self {
        let us = std::process::id();
        // It does not say when it is attached, and one probe comes after the other, in the script's order: so the
        // one that prints is its last.
        let script = format!(
            "tracepoint:syscalls:sys_enter_sendfile64 /pid == {us}/ {{ @entered = 1; }}
             {script}
             tracepoint:syscalls:sys_exit_sendfile64 /pid == {us} && @entered/ {{ printf(\"attached\\n\"); }}"
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

    /// Ends it, and reads the histogram.
    ///
    /// # Panics
    /// If there is none in its output.
    #[must_use]
    pub fn hist(self) -> Hist {
        let maps = self.stop();
        let rows = maps["@ns"].as_array().unwrap_or_else(|| panic!("no histogram from bpftrace: {maps:?}"));
        let edge = |row: &Value| (row["min"].as_u64().unwrap_or(0), row["count"].as_u64().expect("a count"));
        Hist(rows.iter().map(edge).collect())
    }

    /// Ends it, and reads the sleeps of each thread that had some.
    ///
    /// # Panics
    /// If its output has another form.
    #[must_use]
    pub fn disk_waits(self) -> BTreeMap<u32, Waits> {
        let maps = self.stop();
        // Without a sleep there is no map.
        let Some(counts) = maps.get("@count").and_then(Value::as_object) else { return BTreeMap::new() };
        let waits = |tid: &String| {
            let number = |map: &str| maps[map][tid].as_u64().unwrap_or_else(|| panic!("no {map} of {tid}: {maps:?}"));
            Waits { count: number("@count"), sum_ns: number("@sum"), max_ns: number("@max") }
        };
        counts.keys().map(|tid| (tid.parse().expect("a thread id"), waits(tid))).collect()
    }

    /// Ends it, and reads the stacks, as names of functions from the innermost on, and the sleeps on each.
    ///
    /// # Panics
    /// If its output has another form.
    #[must_use]
    pub fn kernel_stacks(self) -> Vec<(Vec<String>, u64)> {
        let maps = self.stop();
        let stacks = maps.get("@stacks").and_then(Value::as_object).expect("a map of stacks");
        // `name+offset`
        let name = |line: &str| line.rsplit_once('+').map_or(line, |(name, _)| name).to_owned();
        let names = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(name).collect();
        stacks.iter().map(|(stack, count)| (names(stack), count.as_u64().expect("a count"))).collect()
    }

    /// Ends it, and reads what it prints at its end: each map by its name.
    fn stop(mut self) -> BTreeMap<String, Value> {
        self.child.interrupt();
        self.child.wait(Duration::from_secs(30));
        let text = self.stdout.rest();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let maps = lines.filter_map(|line| line["data"].as_object().cloned());
        maps.flatten().filter(|(name, _)| name.starts_with('@')).collect()
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
