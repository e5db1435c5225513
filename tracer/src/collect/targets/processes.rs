//! What processes and threads are called, as /proc shows it: a file or two each, since there may be thousands.

use std::fs;

use tracer_common::{records::ThreadKey, targets::TICK_NS};

use crate::model::{Pid, Process};

/// What `/proc/PID/stat` or `/proc/PID/task/TID/stat` says (proc(5)).
pub struct Stat {
    /// The name.
    pub comm: String,
    /// CLOCK_BOOTTIME at its start, to a clock tick, ns.
    pub start_time_ns: u64,
    /// Threads of the process.
    pub threads: usize,
    /// Whether it has ended, and is kept until somebody asks how.
    pub has_ended: bool,
}

/// Reads a stat file; `None`: whose it was has ended.
pub fn stat(path: &str) -> Option<Stat> {
    parse(&String::from_utf8_lossy(&fs::read(path).ok()?))
}

fn parse(text: &str) -> Option<Stat> {
    // The name may hold anything, also blanks and parentheses: it ends at the last one.
    let (name, rest) = text.split_once('(')?.1.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let has_ended = matches!(fields.next()?, "Z" | "X");
    let threads = fields.nth(16)?.parse().ok()?;
    let start_ticks: u64 = fields.nth(1)?.parse().ok()?;
    Some(Stat { comm: unescaped(name), start_time_ns: start_ticks * TICK_NS, threads, has_ended })
}

/// A name as it is: the kernel writes a line's end in it as `\n` and a backslash as `\\` (`proc_task_name` in
/// fs/proc/array.c).
fn unescaped(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name.chars();
    while let Some(char) = rest.next() {
        match (char, rest.clone().next()) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('\\')) => out.push('\\'),
            _ => {
                out.push(char);
                continue;
            }
        }
        rest.next();
    }
    out
}

/// A process as it is now; `None`: there is none with this id, or it has ended, and its arguments with it.
pub fn now(pid: Pid) -> Option<Process> {
    let stat = stat(&format!("/proc/{pid}/stat")).filter(|stat| !stat.has_ended)?;
    Some(Process {
        hostname: None,
        pid,
        comm: stat.comm,
        command_line: command_line(pid),
        start_time_ns: stat.start_time_ns,
    })
}

/// Whether a process has not ended. Another one may have its id.
#[must_use]
pub fn lives(process: &Process) -> bool {
    let stat = stat(&format!("/proc/{}/stat", process.pid));
    stat.is_some_and(|stat| !stat.has_ended && stat.start_time_ns == process.start_time_ns)
}

fn command_line(pid: Pid) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    let words = bytes.split(|&byte| byte == 0).map(String::from_utf8_lossy).collect::<Vec<_>>();
    (!bytes.is_empty()).then(|| words.join(" "))
}

/// A thread at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadNow {
    /// Its name; `None`: /proc had it no more, or nobody looked.
    pub comm: Option<String>,
    /// Whether it had ended. One may still be in /proc: the first thread of a process that nobody has waited for.
    pub has_ended: bool,
}

/// A thread as it is now.
#[must_use]
pub fn thread_now(key: &ThreadKey) -> ThreadNow {
    let stat = stat(&format!("/proc/{}/task/{}/stat", key.pid, key.tid));
    // Another thread may have the id by now: the start tells.
    match stat.filter(|stat| stat.start_time_ns == to_tick(key.start_boottime_ns)) {
        Some(stat) => ThreadNow { comm: Some(stat.comm), has_ended: stat.has_ended },
        None => ThreadNow { comm: None, has_ended: true },
    }
}

/// A time as /proc gives the start of a thread: to a clock tick.
pub fn to_tick(start_boottime_ns: u64) -> u64 {
    start_boottime_ns / TICK_NS * TICK_NS
}

/// The name in a NUL-terminated array of bytes.
pub fn comm_text(comm: &[u8]) -> String {
    let end = comm.iter().position(|&byte| byte == 0).unwrap_or(comm.len());
    String::from_utf8_lossy(&comm[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_file_is_read_whatever_the_name() {
        let rest = "S 1 2 3 4 -1 5 6 7 8 9 10 11 12 13 20 0 3 0 12345 99 98";
        for (written, name) in [("java", "java"), ("a) S (b", "a) S (b"), ("a\\nb", "a\nb"), ("\\\\n", "\\n"), ("", "")]
        {
            let stat = parse(&format!("42 ({written}) {rest}\n")).unwrap();
            assert_eq!((stat.comm.as_str(), stat.threads, stat.start_time_ns), (name, 3, 123_450_000_000));
        }
        assert!(parse("42 (java) S 1").is_none() && parse("").is_none());
    }

    #[test]
    fn this_process_is_what_it_is() {
        let this = now(Pid(std::process::id())).unwrap();
        assert!(this.command_line.unwrap().contains(&*std::env::args().next().unwrap()));
        let stat = stat(&format!("/proc/{}/stat", std::process::id())).unwrap();
        assert_eq!(format!("{}\n", stat.comm), fs::read_to_string("/proc/self/comm").unwrap());
    }
}
