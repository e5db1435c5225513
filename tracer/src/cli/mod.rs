//! The command line: what the user may write, and the options that it becomes.

mod check;
mod compare;
mod demo;
mod doctor;
pub mod gate_output;
mod judgement;
mod labels;
mod measure;
mod output;
mod output_spec;
mod peers;
mod report;
mod run;
mod serve;
mod share;
mod slo;
mod target;
pub mod usage;

use clap::{Parser, Subcommand};

use crate::{duration, exit};

pub use self::{
    check::{CheckArgs, LimitArgs},
    compare::{CompareArgs, RunsArgs},
    demo::DemoArgs,
    doctor::{DoctorArgs, DoctorFormat, DoctorOutputArgs},
    gate_output::{GateFormat, GateOutputArgs},
    measure::{HowArgs, MeasureArgs},
    output::{ColorChoice, Format, OutputArgs},
    output_spec::{FileFormat, OutputSpec},
    report::ReportArgs,
    run::{CommandArgs, RunArgs},
    serve::ServeArgs,
    slo::{RulesArgs, SloArgs, SloCommand},
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
    #[command(after_long_help = SENDFILE_EXAMPLES, override_usage = "tracer sendfile [OPTIONS] <TARGET>... [-- <CMD>...]")]
    Sendfile(Box<MeasureArgs>),
    /// Latency of splice, tee, vmsplice and copy_file_range, by direction
    #[command(after_long_help = SPLICE_EXAMPLES, override_usage = "tracer splice [OPTIONS] <TARGET>... [-- <CMD>...]")]
    Splice(Box<MeasureArgs>),
    /// What is read through the page cache, by thread and file, and what of it had to come from disk
    #[command(after_long_help = PAGECACHE_EXAMPLES, override_usage = "tracer pagecache [OPTIONS] <TARGET>... [-- <CMD>...]")]
    Pagecache(Box<MeasureArgs>),
    /// Event loops: their turns, what blocked them on disk, and who waited behind
    #[command(after_long_help = EVENTLOOP_EXAMPLES, override_usage = "tracer eventloop [OPTIONS] <TARGET>... [-- <CMD>...]")]
    Eventloop(Box<MeasureArgs>),
    /// Runs a command and measures it from its first system call on
    #[command(after_long_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Reports of recordings that were kept, several of one target as one
    #[command(after_long_help = report::EXAMPLES)]
    Report(Box<ReportArgs>),
    /// Old against new recordings: did the change make it worse?
    #[command(after_long_help = compare::EXAMPLES, override_usage = "tracer compare [OPTIONS] --old <FILE>... --new <FILE>...\n       tracer compare [OPTIONS] --old-cmd <CMD> --new-cmd <CMD>")]
    Compare(Box<CompareArgs>),
    /// Recordings against limits and service-level objectives
    #[command(after_long_help = check::EXAMPLES, override_usage = "tracer check [OPTIONS] <LIMIT>... <FILE>...")]
    Check(Box<CheckArgs>),
    /// Exporter for Prometheus and OpenMetrics, for running all the time
    #[command(after_long_help = serve::EXAMPLES, override_usage = "tracer serve [OPTIONS] <TARGET>...")]
    Serve(Box<ServeArgs>),
    /// Service-level objectives as rules and alerts of Prometheus
    #[command(arg_required_else_help = true)]
    Slo(SloArgs),
    /// What this kernel, these capabilities and this configuration allow, by trying; and whether what tracer finds is true
    #[command(after_long_help = doctor::EXAMPLES)]
    Doctor(Box<DoctorArgs>),
    /// A built-in event-loop file server with cold and warm files, traced for five seconds
    Demo(Box<DemoArgs>),
}

/// The end of the help of what measures.
macro_rules! exit_codes {
    () => {
        "\
Exit codes:
  0 measured, whatever the verdict   1 a verdict that --fail-on names   2 wrong options
  4 could not measure or write
  with a command its own, 128 + n if signal n ended it, 126 or 127 if it cannot be run, 125 if tracer failed"
    };
}

const SENDFILE_EXAMPLES: &str = concat!(
    "\
Examples:
  tracer sendfile --pid 4088 -d 10          measure a broker for ten seconds
  tracer sendfile --pid 4088 --follow       with its children, until Ctrl-C
  tracer sendfile --comm 'ngi*' -d 10       all processes with such a name, also those that start meanwhile
  tracer sendfile --unit nginx -d 10        a service; --cgroup takes a container's id
  tracer sendfile --tid 4181 -d 10 -i 1     one thread, a line every second
  tracer sendfile --pid 4088 -d 10 -o run.json -q
                                            keep the recording, print nothing
  tracer sendfile --pid 4088 -- wrk http://localhost/
                                            as long as a load generator runs

",
    exit_codes!()
);

const RUN_EXAMPLES: &str = "\
Examples:
  tracer run -- nginx -g 'daemon off;'      a server, from its start until Ctrl-C
  tracer run -d 10 -- ./server              the first ten seconds of it
  tracer run -o run.json -- ./test.sh       keep the recording; stderr has what the command says alone

Exit codes:
  the command's own; 128 + n if signal n ended it, 126 if it cannot be executed, 127 if it was not found,
  125 if tracer failed; 1 instead of 0 after a verdict that --fail-on names";

impl Command {
    /// The exit code if tracer fails: one that a command that tracer runs is not likely to have itself.
    #[must_use]
    pub fn failed(&self) -> u8 {
        let runs_command = match self {
            Self::Run(_) => true,
            Self::Sendfile(args) | Self::Splice(args) | Self::Pagecache(args) | Self::Eventloop(args) => {
                !args.command.is_empty()
            }
            Self::Report(_)
            | Self::Compare(_)
            | Self::Check(_)
            | Self::Serve(_)
            | Self::Slo(_)
            | Self::Doctor(_)
            | Self::Demo(_) => false,
        };
        if runs_command { exit::FAILED_BESIDE_COMMAND } else { exit::FAILED }
    }
}

const SPLICE_EXAMPLES: &str = concat!(
    "\
Examples:
  tracer splice --pid 4088 -d 10            a proxy that splices, for ten seconds
  tracer splice --pid 4088 --with sendfile  what it sends from files too

",
    exit_codes!()
);

const PAGECACHE_EXAMPLES: &str = concat!(
    "\
Examples:
  tracer pagecache --pid 4088 -d 10         which files a server reads from disk, in ten seconds
  tracer pagecache --pid 4088 -d 60 -i 1    a line every second

",
    exit_codes!()
);

const EVENTLOOP_EXAMPLES: &str = concat!(
    "\
Examples:
  tracer eventloop --pid 4088 -d 10         the event loops of a server, for ten seconds
  tracer eventloop --pid 4088 --java-names  with the names that a JVM gives its threads

",
    exit_codes!()
);

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
