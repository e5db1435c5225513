//! A merged recording is the sum of its runs.

use std::collections::BTreeMap;

use super::{Checked, equal, require, sum};
use crate::model::{Histogram, Recording, Run, RunSyscall, SyscallRecord};

/// What of a system call must add up.
const FIGURES: [&str; 7] = ["calls", "errors", "bytes", "slow", "disk_blocked", "disk_waits", "time_ns.disk"];

/// A system call in all runs together.
#[derive(Default)]
struct Sum {
    figures: [u128; FIGURES.len()],
    latencies: Vec<Histogram>,
}

pub fn check(recording: &Recording) -> Checked {
    if recording.runs.is_empty() {
        return Ok(());
    }
    let wholes: BTreeMap<_, &SyscallRecord> =
        recording.syscalls.iter().map(|whole| ((&whole.family, &whole.name, &whole.direction), whole)).collect();
    let mut sums: BTreeMap<_, Sum> = wholes.keys().map(|&key| (key, Sum::default())).collect();
    for (index, run) in recording.runs.iter().enumerate() {
        let place = format!("runs[{index}]");
        within(&place, run, recording)?;
        for row in &run.syscalls {
            let place = format!("{place}, {}", row.name);
            super::syscall::histogram(&place, "latency", &row.latency, row.calls)?;
            let sum = sums.get_mut(&(&row.family, &row.name, &row.direction));
            if sum.is_none() && row.calls == 0 {
                // Another run saw it in some direction.
                continue;
            }
            let sum = sum.ok_or_else(|| format!("{place}: the recording has no such system call"))?;
            sum.figures.iter_mut().zip(figures(row)).for_each(|(sum, figure)| *sum += u128::from(figure));
            sum.latencies.push(row.latency.clone());
        }
    }
    for (key, sum) in sums {
        of_runs(wholes[&key], &sum)?;
    }
    let lost = sum(&recording.runs, |run| run.losses.calls_uncounted);
    equal("losses", "calls_uncounted", recording.losses.calls_uncounted, "the sum of the runs", lost)
}

fn figures(row: &RunSyscall) -> [u64; FIGURES.len()] {
    [row.calls, row.errors, row.bytes, row.slow, row.disk_blocked, row.disk_waits, row.time_ns.disk]
}

fn within(place: &str, run: &Run, recording: &Recording) -> Checked {
    let begins_ns = run.window.start.as_nanosecond() - recording.window.start.as_nanosecond();
    let ends_ns = begins_ns + i128::from(run.window.duration_ns);
    require(begins_ns >= 0 && ends_ns <= i128::from(recording.window.duration_ns), place, || {
        "its window is not within that of the recording".into()
    })
}

/// The runs together are the whole, bucket by bucket.
fn of_runs(whole: &SyscallRecord, sum: &Sum) -> Checked {
    let place = format!("syscalls, {}", whole.name);
    let stated = figures(&RunSyscall::from(whole));
    for (what, (stated, of_runs)) in FIGURES.into_iter().zip(stated.into_iter().zip(sum.figures)) {
        equal(&place, what, stated, "the sum of the runs", of_runs)?;
    }
    let latency = sum.latencies.iter().try_fold(Histogram::default(), |all, latency| all.plus(latency));
    require(latency.as_ref() == Some(&whole.latency), &place, || "latency is not that of the runs".into())
}
