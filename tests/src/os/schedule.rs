//! What the scheduler says about the calling thread.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

use anyhow::{Context, Result, ensure};
use rustix::{
    process::setpriority_process,
    thread::{CpuSet, sched_setaffinity},
};

use super::usage::thread_usage;

/// `/proc/PID/task/TID/schedstat` of the thread that opened it.
pub struct Schedstat(File);

impl Schedstat {
    /// Of the calling thread.
    ///
    /// # Errors
    /// If the kernel keeps no such account.
    pub fn of_this_thread() -> Result<Self> {
        let path = "/proc/thread-self/schedstat";
        File::open(path).map(Self).with_context(|| format!("opening {path}"))
    }

    /// How long the thread has waited for a CPU since its start, ns.
    ///
    /// # Errors
    /// If the file cannot be read or has another form.
    pub fn run_delay_ns(&self) -> Result<u64> {
        let mut text = [0; 128];
        let length = self.0.read_at(&mut text, 0).context("reading schedstat")?;
        run_delay_in(str::from_utf8(&text[..length])?)
    }
}

/// How long all threads of a process that live now have waited for a CPU since their start, ns.
///
/// # Errors
/// If the process has ended, or the kernel keeps no such account.
pub fn run_delay_of_process_ns(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).context("listing threads")? {
        // A thread may end meanwhile.
        if let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) {
            sum += run_delay_in(&text)?;
        }
    }
    Ok(sum)
}

fn run_delay_in(text: &str) -> Result<u64> {
    let field = text.split_whitespace().nth(1).context("schedstat has no second field")?;
    field.parse().with_context(|| format!("schedstat says {text:?}"))
}

/// How often a thread left the CPU.
#[derive(Clone, Copy, Debug)]
pub struct Switches {
    /// By its own will: it slept.
    pub voluntary: u64,
    /// Not by its own will: it was preempted.
    pub involuntary: u64,
}

/// Of the calling thread since its start.
#[must_use]
pub fn switches() -> Switches {
    let usage = thread_usage();
    Switches { voluntary: usage.ru_nvcsw.unsigned_abs(), involuntary: usage.ru_nivcsw.unsigned_abs() }
}

/// Keeps the calling thread on one CPU.
///
/// # Errors
/// If there is no such CPU.
pub fn pin_to(cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).with_context(|| format!("pinning a thread to CPU {cpu}"))
}

/// Puts the calling thread, and none that it starts, into the real-time class: it gets a CPU at once.
///
/// # Errors
/// If the permission is missing, or its cgroup has no share of real time.
pub fn become_real_time() -> Result<()> {
    make_real_time(0)
}

/// The same for another thread.
///
/// # Errors
/// As above, or if there is no such thread.
pub fn make_real_time(tid: u32) -> Result<()> {
    let parameter = libc::sched_param { sched_priority: 1 };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: thread 0 is the caller, and the parameter outlives the call.
    let status = unsafe { libc::sched_setscheduler(tid.cast_signed(), policy, &raw const parameter) };
    ensure!(status == 0, "making a thread a real-time one: {}", std::io::Error::last_os_error());
    Ok(())
}

/// Gives the calling thread a smaller weight among those that want the CPU: in the long run it gets 1024 × 0.8^nice of
/// it for every 1024 that each of the others gets (`sched_prio_to_weight` in kernel/sched/core.c).
///
/// # Errors
/// If the kernel refuses.
pub fn become_nice(nice: i32) -> Result<()> {
    setpriority_process(None, nice).context("making a thread a nice one")
}

/// The field of `/proc/self/task/TID/stat` with this number, counted from 1 as in proc(5); at least 3.
///
/// # Errors
/// If the thread is gone.
pub fn stat_field(tid: u32, number: usize) -> Result<String> {
    let path = format!("/proc/self/task/{tid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    // The name, field 2, may hold anything, also blanks and parentheses: count from its end.
    let (_, rest) = text.rsplit_once(") ").context("no name in the stat file")?;
    let field = rest.split_whitespace().nth(number - 3);
    field.map(str::to_owned).with_context(|| format!("no field {number} in {path}"))
}
