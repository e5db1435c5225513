//! Comparisons that look once before all runs are made, beside the same ones without a look.

use std::iter::Sum;

use tracer::gate::{
    compare::{
        answer::{Options, compare},
        decision::Rule,
        early,
    },
    outcome::Outcome,
};

use crate::{
    Arguments, report,
    simulate::{options, runs, sides},
    world::World,
};

/// What came of comparisons.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    comparisons: u32,
    /// Those that failed without a look.
    fail: u32,
    /// Those that failed with one, at the look or in the end.
    fail_with_look: u32,
    /// Those that the look ended.
    stopped: u32,
    /// Runs a side of all of them, with the look.
    runs: usize,
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, one| Self {
            comparisons: sum.comparisons + one.comparisons,
            fail: sum.fail + one.fail,
            fail_with_look: sum.fail_with_look + one.fail_with_look,
            stopped: sum.stopped + one.stopped,
            runs: sum.runs + one.runs,
        })
    }
}

/// What came of comparison `number` of this world.
pub fn comparison(world: &World, seed: u64, number: u32) -> Tally {
    let [old, new] = &sides(world, seed, number);
    let (old, new) = (runs(old), runs(new));
    let options = options(number);
    let fails = |level: f64| {
        let options = Options { rule: Rule { level, ..options.rule }, ..options.clone() };
        compare(&old, &new, &options).expect("simulated runs can be compared").outcome == Outcome::Fail
    };
    let looked_at = early::due_after(world.runs);
    let look = early::look(&old[..looked_at], &new[..looked_at], &options).expect("simulated runs can be compared");
    let (look, _) = look.expect("so many runs can be looked at");
    Tally {
        comparisons: 1,
        fail: u32::from(fails(options.rule.level)),
        fail_with_look: u32::from(look.stopped || fails(early::left(options.rule.level, &[look]))),
        stopped: u32::from(look.stopped),
        runs: if look.stopped { looked_at } else { world.runs },
    }
}

/// What all rows have in common.
pub fn heading(arguments: &Arguments) {
    println!("{} comparisons of each kind, seed {}\n", arguments.comparisons, arguments.seed);
    println!("| runs, change | fail, all runs made | fail, with a look | ended by the look | runs a side |");
    println!("|---|---:|---:|---:|---:|");
}

/// A row.
pub fn row(world: &World, tally: &Tally) {
    let share = |number: u32| report::share(number, tally.comparisons);
    let runs = tally.runs as f64 / f64::from(tally.comparisons);
    println!(
        "| {} | {} | {} | {} | {runs:.2} of {} |",
        report::name(world),
        share(tally.fail),
        share(tally.fail_with_look),
        share(tally.stopped),
        world.runs
    );
}
