//! One comparison: runs of both sides, made in turn, compared.

use std::time::Duration;

use fastrand::Rng;
use tests::made_run::{MadeCall, MadeRuns};
use tracer::{
    gate::compare::{
        answer::{Options, compare},
        decision::Rule,
        figures::Run,
    },
    model::Recording,
};

use crate::{
    others,
    report::Tally,
    world::{Latency, World},
};

/// The median without the disk.
const MEDIAN_NS: f64 = 100_000.0;
/// The median of a disk wait.
const DISK_NS: f64 = 5_000_000.0;

/// What came of comparison `number` of this world.
pub fn comparison(world: &World, seed: u64, number: u32) -> Tally {
    let [old, new] = &sides(world, seed, number);
    let comparison = compare(&runs(old), &runs(new), &options(number));
    let comparison = comparison.unwrap_or_else(|refusal| panic!("simulated runs can be compared: {refusal:?}"));
    Tally::of(&comparison, others::verdicts(old, new))
}

/// The runs of comparison `number`, made in turn.
pub fn sides(world: &World, seed: u64, number: u32) -> [Vec<Recording>; 2] {
    // A stream of its own for each comparison, whoever computes it.
    let mut rng = Rng::with_seed(
        seed ^ (u64::from(number) << 32)
            ^ world.name.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte)),
    );
    let maker = MadeRuns::default();
    let mut sides: [Vec<Recording>; 2] = [Vec::new(), Vec::new()];
    let all = 2 * world.runs;
    for pair in 0..world.runs {
        // Within a pair, chance decides who goes first.
        let first = rng.usize(..2);
        for (turn, side) in [(0, first), (1, 1 - first)] {
            let place = 2 * pair + turn;
            let drift = 1.0 + world.drift * place as f64 / (all - 1) as f64;
            let after = Duration::from_secs(15 * place as u64);
            sides[side].push(maker.run(after, calls(world, side == 1, drift, &mut rng)));
        }
    }
    sides
}

/// As the command compares without options.
pub fn options(number: u32) -> Options {
    let rule = Rule::default();
    Options { gates: None, rule, floors: Vec::new(), assume_exchangeable: false, seed: u64::from(number) }
}

/// The runs of a side.
pub fn runs(side: &[Recording]) -> Vec<Run<'_>> {
    side.iter().map(|recording| Run { name: "simulated", recording }).collect()
}

/// The calls of a run.
fn calls(world: &World, is_new: bool, drift: f64, rng: &mut Rng) -> Vec<MadeCall> {
    let run = (world.run_noise * normal(rng)).exp() * drift;
    let slower = if is_new { world.slower } else { 1.0 };
    let number = (world.calls as f64 * if is_new { world.load } else { 1.0 }) as u64;
    // Disk waits come and go with the machine, too.
    let share = world.blocked * if is_new { world.more_blocked } else { 1.0 } * (world.run_noise * normal(rng)).exp();
    // A call is in a stall that has begun, or begins one.
    let begins = share / world.burst / (1.0 - share).max(0.01);
    let goes_on = 1.0 - 1.0 / world.burst;
    let mut in_stall = false;
    (0..number)
        .map(|_| {
            in_stall = if in_stall { rng.f64() < goes_on || rng.f64() < begins } else { rng.f64() < begins };
            let on_cpu_ns = (MEDIAN_NS * latency(world.latency, rng) * run * slower) as u64;
            let disk_ns = if in_stall { (DISK_NS * (0.3 * normal(rng)).exp() * run) as u64 } else { 0 };
            MadeCall { on_cpu_ns, disk_ns }
        })
        .collect()
}

fn latency(latency: Latency, rng: &mut Rng) -> f64 {
    match latency {
        Latency::LogNormal(deviation) => (deviation * normal(rng)).exp(),
        Latency::Pareto(exponent) => (0.5 / (1.0 - rng.f64())).powf(1.0 / exponent),
    }
}

/// A number of the normal distribution: G. E. P. Box and M. E. Muller, 1958.
fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}
