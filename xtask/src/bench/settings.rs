//! What is attached while the work is measured, from nothing to bpftrace.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::programs::{self, Empty, LeastTiming};

/// What is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Nothing.
    Nothing,
    /// Empty programs on tracer's hooks: the floor.
    Empty,
    /// On the traced call a filter, two clock reads and a sum; empty programs on the other hooks.
    LeastTiming,
    /// tracer sendfile.
    Tracer,
    /// tracer sendfile --no-turns.
    NoTurns,
    /// bpftrace's histogram of the time between entry and exit.
    Bpftrace,
}

impl Setting {
    pub const ALL: [Self; 6] =
        [Self::Nothing, Self::Empty, Self::LeastTiming, Self::Tracer, Self::NoTurns, Self::Bpftrace];

    /// Those that the tables of all works show, but for nothing.
    pub const SHOWN: [Self; 4] = [Self::Empty, Self::LeastTiming, Self::Tracer, Self::Bpftrace];

    /// Programs that it attaches, if that is known beforehand.
    fn programs(self) -> Option<usize> {
        match self {
            Self::Nothing => Some(0),
            Self::Empty | Self::LeastTiming => Some(programs::HOOKS),
            Self::Tracer => Some(programs::OF_TRACER),
            Self::NoTurns => Some(programs::OF_TRACER - 1),
            Self::Bpftrace => Some(2),
        }
    }

    /// Whether `count` programs on events are those of this setting and no other.
    pub fn is_alone(self, count: usize) -> bool {
        self.programs() == Some(count)
    }
}

/// How long one run of tracer took to start and to end, and what it needed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TracerRun {
    /// From before the fork until it said that it traces, ms.
    pub start_ms: f64,
    /// From the signal that ends the window until the process had ended, ms.
    pub end_ms: f64,
    /// Most memory that was resident, bytes: its own, its file's and the kernel's maps, which it has mapped.
    pub resident_bytes: u64,
    /// Its own, when the window was about to close, bytes.
    pub own_bytes: u64,
    /// The kernel's maps, bytes.
    pub maps_bytes: u64,
}

/// A setting in force, until it is stopped.
#[derive(Debug)]
pub enum Active {
    Nothing,
    Empty(#[expect(dead_code, reason = "holds the programs where they hang")] Empty),
    LeastTiming(LeastTiming),
    Tracer(Tracer),
    Bpftrace(Bpftrace),
}

/// What a setting leaves when it has been stopped.
#[derive(Debug, Default)]
pub struct Stopped {
    /// sendfile calls of the target that it counted, if it counts.
    pub calls: Option<u64>,
    /// If it was tracer.
    pub tracer: Option<TracerRun>,
}

impl Active {
    pub fn start(setting: Setting, tracer: &Path, target: u32) -> Result<Self> {
        Ok(match setting {
            Setting::Nothing => Self::Nothing,
            Setting::Empty => Self::Empty(Empty::attach()?),
            Setting::LeastTiming => Self::LeastTiming(LeastTiming::attach(target)?),
            Setting::Tracer => Self::Tracer(Tracer::start(tracer, target, &[])?),
            Setting::NoTurns => Self::Tracer(Tracer::start(tracer, target, &["--no-turns"])?),
            Setting::Bpftrace => Self::Bpftrace(Bpftrace::start(target)?),
        })
    }

    pub fn stop(self) -> Result<Stopped> {
        match self {
            Self::Nothing | Self::Empty(_) => Ok(Stopped::default()),
            Self::LeastTiming(least) => Ok(Stopped { calls: Some(least.calls()?), tracer: None }),
            Self::Tracer(tracer) => tracer.stop(),
            Self::Bpftrace(bpftrace) => Ok(Stopped { calls: Some(bpftrace.stop()?), tracer: None }),
        }
    }
}

/// A program that does not outlive an error.
#[derive(Debug)]
struct Guarded(Child);

impl Guarded {
    fn interrupt(&self) -> Result<()> {
        kill_process(Pid::from_child(&self.0), Signal::INT).context("cannot interrupt it")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Both fail if it has ended already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A run of tracer.
#[derive(Debug)]
pub struct Tracer {
    child: Guarded,
    stdout: BufReader<ChildStdout>,
    /// Open until the end: tracer must not find it closed.
    stderr: BufReader<ChildStderr>,
    start: Duration,
}

impl Tracer {
    fn start(tracer: &Path, target: u32, options: &[&str]) -> Result<Self> {
        let started = Instant::now();
        let mut child = Command::new(tracer)
            .args(["sendfile", "--format", "json", "--pid", &target.to_string()])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start tracer")?;
        let stdout = BufReader::new(child.stdout.take().context("tracer without an output")?);
        let mut stderr = BufReader::new(child.stderr.take().context("tracer without an error output")?);
        let child = Guarded(child);
        let mut said = String::new();
        loop {
            let line_start = said.len();
            ensure!(stderr.read_line(&mut said)? > 0, "tracer ended early: {}", said.trim());
            if said[line_start..].starts_with("tracing ") {
                return Ok(Self { child, stdout, stderr, start: started.elapsed() });
            }
        }
    }

    fn stop(self) -> Result<Stopped> {
        let Self { mut child, stdout, stderr, start } = self;
        let resident_bytes = status_bytes(child.0.id(), "VmHWM:")?;
        let own_bytes = status_bytes(child.0.id(), "RssAnon:")?;
        let maps_bytes = maps_bytes(child.0.id())?;
        let interrupted = Instant::now();
        child.interrupt()?;
        // Read to its end first: the recording may not fit into the pipe.
        let recording: Value = serde_json::from_reader(stdout).context("tracer wrote no recording")?;
        let status = child.0.wait().context("waiting for tracer")?;
        let end = interrupted.elapsed();
        drop(stderr);
        ensure!(status.success(), "tracer failed: {status}");
        let calls = recording["syscalls"][0]["calls"].as_u64().context("a recording without calls")?;
        let (start_ms, end_ms) = (milliseconds(start), milliseconds(end));
        let run = TracerRun { start_ms, end_ms, resident_bytes, own_bytes, maps_bytes };
        Ok(Stopped { calls: Some(calls), tracer: Some(run) })
    }
}

/// A figure of `/proc/PID/status` that is in KiB (proc_pid_status(5)).
fn status_bytes(pid: u32, name: &str) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let kib = number_behind(&status, name);
    Ok(kib.with_context(|| format!("no {name} in {path}"))? * 1024)
}

/// What the eBPF maps take that a process has open (`bpf_map_show_fdinfo`, kernel/bpf/syscall.c).
fn maps_bytes(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/fdinfo");
    let mut bytes = 0;
    for descriptor in std::fs::read_dir(&path).with_context(|| format!("cannot read {path}"))? {
        // It may have been closed meanwhile.
        let told = std::fs::read_to_string(descriptor?.path()).unwrap_or_default();
        if told.contains("map_type:") {
            bytes += number_behind(&told, "memlock:").unwrap_or(0);
        }
    }
    Ok(bytes)
}

fn number_behind(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A run of bpftrace.
#[derive(Debug)]
pub struct Bpftrace {
    child: Guarded,
    stdout: BufReader<ChildStdout>,
}

/// From when it says that it attaches to when it surely has. Too short a time would show as calls not counted.
const BPFTRACE_ATTACHES: Duration = Duration::from_millis(400);

impl Bpftrace {
    /// Whether it is installed.
    pub fn is_there() -> bool {
        crate::command::Run::new("bpftrace").arg("--version").answer().is_some()
    }

    fn start(target: u32) -> Result<Self> {
        let script = format!(
            "tracepoint:syscalls:sys_enter_sendfile64 /pid == {target}/ {{ @s[tid] = nsecs; }}
             tracepoint:syscalls:sys_exit_sendfile64 /@s[tid]/ {{ @ = hist(nsecs - @s[tid]); delete(@s[tid]); }}"
        );
        let mut child = Command::new("bpftrace")
            .args(["-f", "json", "-e", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start bpftrace")?;
        let mut stdout = BufReader::new(child.stdout.take().context("bpftrace without an output")?);
        let child = Guarded(child);
        let mut line = String::new();
        ensure!(stdout.read_line(&mut line)? > 0 && line.contains("attached_probes"), "bpftrace does not attach");
        std::thread::sleep(BPFTRACE_ATTACHES);
        Ok(Self { child, stdout })
    }

    /// Returns the calls in its histogram.
    fn stop(mut self) -> Result<u64> {
        self.child.interrupt()?;
        for line in self.stdout.lines() {
            let line: Value = serde_json::from_str(&line?).unwrap_or_default();
            if let Some(rows) = line["data"]["@"].as_array() {
                self.child.0.wait().context("waiting for bpftrace")?;
                return Ok(rows.iter().filter_map(|row| row["count"].as_u64()).sum());
            }
        }
        bail!("bpftrace wrote no histogram")
    }
}
