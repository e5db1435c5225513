//! How often is a comparison wrong? Simulates runs whose truth is known, compares them as `tracer compare` does, and
//! counts. Beside it, on the same runs, what other gates would have said.
#![expect(clippy::print_stdout, reason = "what it says is its result")]

mod early;
mod others;
mod report;
mod simulate;
mod world;

use std::{iter::Sum, num::NonZero, thread};

use clap::Parser;

use crate::world::World;

/// Simulates comparisons, and counts how often they are wrong.
#[derive(Parser)]
struct Arguments {
    /// Comparisons of each kind
    #[arg(long, default_value_t = 2000)]
    comparisons: u32,
    /// Chooses the runs; that of a published study is derived from the commit
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Instead: how often a comparison is wrong that looks once before all runs are made, and how many runs that saves
    #[arg(long)]
    stop_early: bool,
    /// Only worlds whose name contains this
    #[arg(long, default_value = "")]
    only: String,
}

fn main() {
    let arguments = Arguments::parse();
    if arguments.stop_early {
        return stop_early(&arguments);
    }
    report::heading(&arguments);
    for world in World::all().iter().filter(|world| world.name.contains(&arguments.only)) {
        report::row(world, &tally(world, &arguments, simulate::comparison));
    }
}

fn stop_early(arguments: &Arguments) {
    early::heading(arguments);
    for world in World::early().iter().filter(|world| world.name.contains(&arguments.only)) {
        early::row(world, &tally(world, arguments, early::comparison));
    }
}

/// All comparisons of a kind, on all CPUs.
fn tally<T: Sum + Send>(world: &World, arguments: &Arguments, comparison: fn(&World, u64, u32) -> T) -> T {
    let workers = thread::available_parallelism().map_or(1, NonZero::get) as u32;
    thread::scope(|scope| {
        let parts: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let numbers = (worker..arguments.comparisons).step_by(workers as usize);
                    numbers.map(|number| comparison(world, arguments.seed, number)).sum::<T>()
                })
            })
            .collect();
        parts.into_iter().map(|part| part.join().expect("a worker does not panic")).sum()
    })
}
