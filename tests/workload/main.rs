//! Makes sendfile calls of a known kind, and says what it did by its own records.
//!
//! It prints a line of JSON when it is set up, waits for a line on stdin, works, prints what it did as a
//! second line (see `tests::truth`), and stays until stdin ends, so that a tracer sees it alive.

mod asleep;
mod at_once;
mod barrier;
mod beside;
mod burners;
mod busy;
mod by_path;
mod children;
mod cold;
mod count;
mod crew;
mod ends;
mod front;
mod held;
mod instance;
mod jammed;
mod loops;
mod mapping;
mod meter;
mod moves;
mod older;
mod out;
mod protocol;
mod raw;
mod readiness;
mod reads;
mod signals;
mod source;
mod splices;
mod steps;
mod stuck;
mod turns;
mod waits;
mod worst;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Makes sendfile calls of a known kind, and says what it did")]
struct Arguments {
    #[command(subcommand)]
    kind: Kind,
    /// Where its files go; on a disk, if pages are to be cold
    #[arg(long, global = true, default_value = ".")]
    directory: PathBuf,
    /// Ends itself after so many seconds, whatever happens
    #[arg(long, global = true, default_value_t = 120)]
    limit: u32,
}

#[derive(Subcommand)]
enum Kind {
    /// Calls with which the program begins, and then it ends
    AtOnce(at_once::Options),
    /// Event loops that wait at a barrier for a thread that waits for the disk
    Barrier(barrier::Options),
    /// An event loop, and a thread that is parked on its epoll instance
    Beside(beside::Options),
    /// Event loops that ask for files by path
    ByPath(by_path::Options),
    /// Many calls from many threads, some of which fail
    Count(count::Options),
    /// Calls on pages that are in memory or not, as mincore knows
    Cold(cold::Options),
    /// Long calls that never sleep, with others on the same CPU or not
    Busy(busy::Options),
    /// Calls that a full pipe or socket holds up for a chosen time
    Held(held::Options),
    /// Calls on many kinds of file, for many kinds of peer
    Ends(ends::Options),
    /// A pool of threads that send files for an event loop in front of it
    Front(front::Options),
    /// An event loop that gets stuck in one call on a disk that hardly moves
    Jammed(jammed::Options),
    /// Threads that wait for events, each in a way of its own
    Loops(loops::Options),
    /// An event loop that moves to another epoll instance
    Moves(moves::Options),
    /// Reads one page of a file that another kind of work has made
    Page(jammed::PageOptions),
    /// Event loops that wait by each means there is
    Readiness(readiness::Options),
    /// Reads of files by each means there is
    Reads(reads::Options),
    /// Calls of splice and its kin in each direction
    Splices(splices::Options),
    /// Says which signals it gets
    Signals(signals::Options),
    /// A process and its children
    Children(children::Options),
    /// Does as it is told, line by line
    Steps(steps::Options),
    /// Calls that do not return
    Stuck(stuck::Options),
    /// Event loops with a kind of work in each turn
    Turns(turns::Options),
    /// Disk waits in many system calls and in page faults
    Waits(waits::Options),
    /// Event loops that wait for the disk in one turn for much longer than in all others
    Worst(worst::Options),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    protocol::end_after(arguments.limit);
    let directory = &arguments.directory;
    match &arguments.kind {
        Kind::AtOnce(options) => at_once::run(options),
        Kind::Barrier(options) => barrier::run(options, directory),
        Kind::Beside(options) => beside::run(options, directory),
        Kind::ByPath(options) => by_path::run(options, directory),
        Kind::Count(options) => count::run(options, directory),
        Kind::Cold(options) => cold::run(options, directory),
        Kind::Busy(options) => busy::run(options, directory),
        Kind::Held(options) => held::run(options, directory),
        Kind::Ends(options) => ends::run(options, directory),
        Kind::Front(options) => front::run(options, directory),
        Kind::Jammed(options) => jammed::run(options, directory),
        Kind::Loops(options) => loops::run(options, directory),
        Kind::Moves(options) => moves::run(options, directory),
        Kind::Page(options) => jammed::run_page(options, directory),
        Kind::Readiness(options) => readiness::run(options, directory),
        Kind::Reads(options) => reads::run(options, directory),
        Kind::Splices(options) => splices::run(options, directory),
        Kind::Signals(options) => signals::run(options),
        Kind::Children(options) => children::run(options, directory),
        Kind::Steps(options) => steps::run(options, directory),
        Kind::Stuck(options) => stuck::run(options, directory),
        Kind::Turns(options) => turns::run(options, directory),
        Kind::Waits(options) => waits::run(options, directory),
        Kind::Worst(options) => worst::run(options, directory),
    }
}
