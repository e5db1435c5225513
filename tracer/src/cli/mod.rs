//! The command line: what the user may write, and the options that it becomes.

mod demo;
mod duration;
mod judgement;
mod measure;
mod output;
mod peers;
mod report;
mod target;
pub mod usage;

use clap::{Parser, Subcommand};

pub use self::{
    demo::DemoArgs,
    measure::MeasureArgs,
    output::{ColorChoice, Format, OutputArgs, OutputSpec},
    report::ReportArgs,
};

/// eBPF latency diagnostics: which event-loop threads are blocked on disk, and by what.
#[derive(Debug, Parser)]
#[command(name = "tracer", version, propagate_version = true, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What tracer can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Latency of sendfile, and what it waited for
    #[command(after_long_help = SENDFILE_EXAMPLES)]
    Sendfile(Box<MeasureArgs>),
    /// Latency of splice, tee, vmsplice and copy_file_range, by direction
    #[command(after_long_help = SPLICE_EXAMPLES)]
    Splice(Box<MeasureArgs>),
    /// What is read through the page cache, by thread and file, and what of it had to come from disk
    #[command(after_long_help = PAGECACHE_EXAMPLES)]
    Pagecache(Box<MeasureArgs>),
    /// Event loops: their turns, what blocked them on disk, and who waited behind
    #[command(after_long_help = EVENTLOOP_EXAMPLES)]
    Eventloop(Box<MeasureArgs>),
    /// Reports of recordings that were kept, several of one target as one
    #[command(after_long_help = report::EXAMPLES)]
    Report(Box<ReportArgs>),
    /// A built-in event-loop file server with cold and warm files, traced for five seconds
    Demo(Box<DemoArgs>),
}

const SENDFILE_EXAMPLES: &str = "\
Examples:
  tracer sendfile --pid 4088 -d 10          measure a broker for ten seconds
  tracer sendfile --pid 4088                until Ctrl-C
  tracer sendfile --tid 4181 -d 10 -i 1     one thread, a line every second
  tracer sendfile --pid 4088 -d 10 -o run.json -q
                                            keep the recording, print nothing

Exit codes:
  0 measured, whatever the verdict   2 wrong options   4 could not measure or write";

const SPLICE_EXAMPLES: &str = "\
Examples:
  tracer splice --pid 4088 -d 10            a proxy that splices, for ten seconds
  tracer splice --pid 4088 --with sendfile  what it sends from files too

Exit codes:
  0 measured, whatever the verdict   2 wrong options   4 could not measure or write";

const PAGECACHE_EXAMPLES: &str = "\
Examples:
  tracer pagecache --pid 4088 -d 10         which files a server reads from disk, in ten seconds
  tracer pagecache --pid 4088 -d 60 -i 1    a line every second

Exit codes:
  0 measured, whatever the verdict   2 wrong options   4 could not measure or write";

const EVENTLOOP_EXAMPLES: &str = "\
Examples:
  tracer eventloop --pid 4088 -d 10         the event loops of a server, for ten seconds
  tracer eventloop --pid 4088 --java-names  with the names that a JVM gives its threads

Exit codes:
  0 measured, whatever the verdict   2 wrong options   4 could not measure or write";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
