//! The tables.

use std::iter::Sum;

use tracer::gate::{compare::comparison::Comparison, outcome::Outcome};

use crate::{
    Arguments,
    others::{NAMES, Verdicts},
    world::World,
};

/// What came of comparisons.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    comparisons: u32,
    fail: u32,
    pass: u32,
    inconclusive: u32,
    others: [u32; NAMES.len()],
}

impl Tally {
    /// Of one.
    pub fn of(comparison: &Comparison, others: Verdicts) -> Self {
        let is = |outcome| u32::from(comparison.outcome == outcome);
        Self {
            comparisons: 1,
            fail: is(Outcome::Fail),
            pass: is(Outcome::Pass),
            inconclusive: is(Outcome::Inconclusive),
            others: others.map(u32::from),
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, one| Self {
            comparisons: sum.comparisons + one.comparisons,
            fail: sum.fail + one.fail,
            pass: sum.pass + one.pass,
            inconclusive: sum.inconclusive + one.inconclusive,
            others: std::array::from_fn(|place| sum.others[place] + one.others[place]),
        })
    }
}

/// What all rows have in common.
pub fn heading(arguments: &Arguments) {
    println!("{} comparisons of each kind, seed {}\n", arguments.comparisons, arguments.seed);
    println!("| runs, change | fail | pass | inconclusive | {} |", NAMES.join(" | "));
    println!("|---|---:|---:|---:|{}", "---:|".repeat(NAMES.len()));
}

/// A row.
pub fn row(world: &World, tally: &Tally) {
    let share = |number: u32| share(number, tally.comparisons);
    let others = tally.others.map(share).join(" | ");
    println!(
        "| {} | {} | {} | {} | {others} |",
        name(world),
        share(tally.fail),
        share(tally.pass),
        share(tally.inconclusive)
    );
}

/// So many of all.
pub fn share(number: u32, all: u32) -> String {
    format!("{:.1} %", f64::from(number) * 100.0 / f64::from(all))
}

/// The world and its change.
pub fn name(world: &World) -> String {
    let change = match (world.slower, world.more_blocked) {
        (1.0, 1.0) => String::new(),
        (slower, 1.0) => format!(" × {slower}"),
        (_, more_blocked) => format!(" × {more_blocked}"),
    };
    format!("{}{change}", world.name)
}
