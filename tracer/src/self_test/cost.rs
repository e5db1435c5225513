//! What the probes cost: rounds of calls with probes and without them in turn, so that what changes meanwhile on the machine
//! changes both.

use std::{
    fs::{File, OpenOptions},
    time::Instant,
};

use anyhow::{Context as _, Result};
use rustix::fs::sendfile;
use tracer_common::syscall::Syscall;

use super::report::{CallCost, Cost};
use crate::{
    collect::{self, KernelMaps},
    model::Mechanism,
    probe::{Request, Session, Sizes, TargetFilter},
    scratch::page_bytes,
};

/// Rounds with probes; there is one more without.
const ROUNDS: usize = 3;

/// Calls of a round.
const SENDFILES: u32 = 20_000;
const GETPPIDS: u32 = 100_000;

/// Of these so many pieces, the fastest counts: the machine may be busy with something else for a while.
const PIECES: u32 = 10;

/// Room for this process' threads.
const SLOTS: u32 = 64;

/// What a call took in a round, in thousandths of a nanosecond.
struct Round {
    sendfile_ps: i64,
    getppid_ps: i64,
}

/// Measures it, on this process and a file in memory.
pub fn measure(hot: &File) -> Result<Cost> {
    let null = OpenOptions::new().write(true).open("/dev/null").context("cannot open /dev/null")?;
    let mut without = vec![round(hot, &null)?];
    let (mut with, mut mechanism) = (Vec::new(), Mechanism::None);
    for _ in 0..ROUNDS {
        let (session, maps) = probes()?;
        mechanism = session.probes().first().map_or(Mechanism::None, |probe| probe.mechanism);
        maps.open_window();
        with.push(round(hot, &null)?);
        maps.close_window();
        drop(session);
        without.push(round(hot, &null)?);
    }
    let cost = |of: fn(&Round) -> i64| {
        call_cost(&without.iter().map(of).collect::<Vec<_>>(), &with.iter().map(of).collect::<Vec<_>>())
    };
    let (sendfile, getppid) = (cost(|round| round.sendfile_ps), cost(|round| round.getppid_ps));
    Ok(Cost { mechanism, rounds: ROUNDS as u64, sendfile, getppid })
}

/// Those of `tracer sendfile` on this process.
fn probes() -> Result<(Session, KernelMaps)> {
    let syscalls = vec![Syscall::Sendfile];
    let sizes = Sizes {
        slots: SLOTS,
        turns: SLOTS,
        rows: syscalls.len() as u32,
        files: None,
        stacks: None,
        cpus: collect::possible_cpus(),
        targets: 0,
        glob_tables: 0,
    };
    let targets = TargetFilter::Process(std::process::id());
    let session = Session::start(&Request::usual(&syscalls, &targets, &sizes), &mut |_| {})?;
    let maps = KernelMaps::of(&session, &sizes, syscalls)?;
    Ok((session, maps))
}

fn round(hot: &File, null: &File) -> Result<Round> {
    let page = page_bytes() as usize;
    sendfile(null, hot, Some(&mut 0), page).context("cannot send a page to /dev/null")?;
    Ok(Round {
        sendfile_ps: fastest_ps(SENDFILES, || sendfile(null, hot, Some(&mut 0), page).is_ok()),
        getppid_ps: fastest_ps(GETPPIDS, || rustix::process::getppid().is_some()),
    })
}

/// What a call takes in the fastest piece of so many calls.
fn fastest_ps(calls: u32, call: impl Fn() -> bool) -> i64 {
    let piece = calls / PIECES;
    let took = (0..PIECES).map(|_| {
        let began = Instant::now();
        for _ in 0..piece {
            std::hint::black_box(call());
        }
        began.elapsed().as_nanos() as i64 * 1000 / i64::from(piece)
    });
    took.min().unwrap_or(0)
}

/// Of rounds in ps; one more without than with.
fn call_cost(without: &[i64], with: &[i64]) -> CallCost {
    let added: Vec<_> =
        with.iter().zip(without.windows(2)).map(|(with, around)| with - (around[0] + around[1]) / 2).collect();
    let ns = |ps: i64| (ps + 500).div_euclid(1000);
    CallCost {
        without_ns: ns(median(without)).unsigned_abs(),
        with_ns: ns(median(with)).unsigned_abs(),
        added_ns: ns(median(&added)),
        added_min_ns: ns(added.iter().copied().min().unwrap_or(0)),
        added_max_ns: ns(added.iter().copied().max().unwrap_or(0)),
    }
}

fn median(values: &[i64]) -> i64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_is_held_against_the_two_around_it() {
        // The machine becomes slower by 100 ns a round; the probes add 50.
        let without = [1_000_000, 1_100_000, 1_200_000, 1_300_000];
        let with = [1_100_000, 1_200_000, 1_300_000];
        let cost = call_cost(&without, &with);
        assert_eq!((cost.added_ns, cost.added_min_ns, cost.added_max_ns), (50, 50, 50));
        assert_eq!((cost.without_ns, cost.with_ns), (1_200, 1_200));
    }
}
