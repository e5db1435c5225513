//! `tracer check`.

use std::path::PathBuf;

use clap::Args;

use super::{GateOutputArgs, duration, gate_output, share};
use crate::gate::check::{Limit, Of};

pub const EXAMPLES: &str = "\
Examples:
  tracer check run.json --max-p99 5ms       99 % of the calls of each traced family in 5 ms
  tracer check run.json --max-disk-blocked sendfile=0.05% --no-blocked-event-loop
                                            two limits, one of a system call
  tracer check runs/ --max-p99 5ms -o junit:check.xml -o check.md
                                            a job's report, and a comment for its pull request
  tracer check runs/ --slo slo.yaml         objectives, and how fast their budget burns

Exit codes:
  0 passed   1 failed   2 wrong options   3 inconclusive (--on-inconclusive)
  4 could not read, merge or write";

/// `tracer check`.
#[derive(Debug, Args)]
#[command(mut_arg("format", gate_output::without_page), mut_arg("output", gate_output::files_without_page))]
pub struct CheckArgs {
    /// Recordings: files, folders (their own *.json), - for stdin; those of one target are merged
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What is allowed.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Where the results go.
    #[command(flatten)]
    pub output: GateOutputArgs,
}

/// What is allowed; at least one of it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
#[group(required = true, multiple = true)]
pub struct LimitArgs {
    /// 99 % of the calls take at most this: 5ms, or of one system call sendfile=5ms; repeatable, like those below
    #[arg(long, value_name = "[SYSCALL=]TIME", value_parser = limit_of_time, allow_hyphen_values = true)]
    max_p99: Vec<(Of, u64)>,
    /// At most this share of the calls is slow, by the threshold of the recording: 0.1%, 0.001
    #[arg(long, value_name = "[SYSCALL=]SHARE", value_parser = limit_of_share, allow_hyphen_values = true)]
    max_slow: Vec<(Of, f64)>,
    /// At most this share of the calls waits for the disk
    #[arg(long, value_name = "[SYSCALL=]SHARE", value_parser = limit_of_share, allow_hyphen_values = true)]
    max_disk_blocked: Vec<(Of, f64)>,
    /// No event loop waits longer for the disk, in a second of the window: 2ms/s
    #[arg(long, value_name = "TIME/s", value_parser = time_per_second, allow_hyphen_values = true)]
    max_event_loop_blocked: Option<u64>,
    /// No event loop was blocked on disk, by the recording's own verdict
    #[arg(long)]
    no_blocked_event_loop: bool,
    /// Service-level objectives: a file of OpenSLO v1, of which docs/commands/check.md says what is understood
    #[arg(long, value_name = "FILE")]
    pub slo: Vec<PathBuf>,
}

impl LimitArgs {
    /// The limits, in the order of the options.
    #[must_use]
    pub fn limits(&self) -> Vec<Limit> {
        let p99 = self.max_p99.iter().cloned().map(|(of, ns)| Limit::P99(of, ns));
        let slow = self.max_slow.iter().cloned().map(|(of, share)| Limit::Slow(of, share));
        let disk_blocked = self.max_disk_blocked.iter().cloned().map(|(of, share)| Limit::DiskBlocked(of, share));
        let event_loops = self.max_event_loop_blocked.map(Limit::EventLoopBlocked);
        let verdict = self.no_blocked_event_loop.then_some(Limit::NoBlockedEventLoop);
        p99.chain(slow).chain(disk_blocked).chain(event_loops).chain(verdict).collect()
    }
}

/// What stands before `=`, if anything does, and the rest.
fn of(text: &str) -> Result<(Of, &str), String> {
    let Some((name, value)) = text.split_once('=') else { return Ok((Of::EachFamily, text)) };
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if is_name { Ok((Of::Syscall(name.into()), value)) } else { Err(format!("{name:?} is no name of a system call")) }
}

fn limit_of_time(text: &str) -> Result<(Of, u64), String> {
    let (of, time) = of(text)?;
    Ok((of, duration::as_ns(duration::parse_threshold(time)?)))
}

fn limit_of_share(text: &str) -> Result<(Of, f64), String> {
    let (of, share) = of(text)?;
    Ok((of, share::parse(share)?))
}

fn time_per_second(text: &str) -> Result<u64, String> {
    let time = text.trim().strip_suffix("/s").ok_or_else(|| format!("{text:?} is no time in a second: write 2ms/s"))?;
    if time.trim() == "0" {
        return Ok(0);
    }
    let ns = duration::as_ns(duration::parse(time)?);
    if ns <= 1_000_000_000 { Ok(ns) } else { Err("there is no more than a second in a second".into()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn limits(options: &str) -> Result<Vec<Limit>, String> {
        let words = format!("tracer check run.json {options}");
        match Cli::try_parse_from(words.split_whitespace()).map_err(|error| error.to_string())?.command {
            Command::Check(args) => Ok(args.limits.limits()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn limits_are_of_all_calls_or_of_one_system_call() {
        let sendfile = || Of::Syscall("sendfile".into());
        let read = limits(
            "--max-slow 0.1% --max-p99 5ms --max-p99 sendfile=250us --max-disk-blocked sendfile=0 \
             --max-event-loop-blocked 2ms/s --no-blocked-event-loop",
        );
        let expected = vec![
            Limit::P99(Of::EachFamily, 5_000_000),
            Limit::P99(sendfile(), 250_000),
            Limit::Slow(Of::EachFamily, 0.001),
            Limit::DiskBlocked(sendfile(), 0.0),
            Limit::EventLoopBlocked(2_000_000),
            Limit::NoBlockedEventLoop,
        ];
        assert_eq!(read, Ok(expected));
        assert_eq!(limits("--max-event-loop-blocked 0/s"), Ok(vec![Limit::EventLoopBlocked(0)]));
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for (options, why) in [
            ("", "required"),
            ("--max-p99 0", "longer than 0"),
            ("--max-p99 -5ms", "must not be negative"),
            ("--max-p99 =5ms", "no name of a system call"),
            ("--max-p99 Send=5ms", "no name of a system call"),
            ("--max-slow 2", "at most 1 (100%)"),
            ("--max-slow sendfile=x", "is not a share"),
            ("--max-event-loop-blocked 2ms", "write 2ms/s"),
            ("--max-event-loop-blocked 2s/s", "no more than a second"),
            ("--max-p99 1ms -o check.html", "take md or json"),
        ] {
            let refused = limits(options).unwrap_err();
            assert!(refused.contains(why), "{options}: {refused}");
        }
    }
}
