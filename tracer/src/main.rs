//! The `tracer` command line.

use std::{io, process::ExitCode};

use clap::Parser as _;
use tracer::{
    cli::{Cli, Command, usage},
    commands, escape, exit,
    options::Family,
    stderr::say,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refused) => return not_started(&refused),
    };
    let result = match &cli.command {
        Command::Sendfile(args) => commands::measure::run(Family::Sendfile, args),
        Command::Splice(args) => commands::measure::run(Family::Splice, args),
        Command::Pagecache(args) => commands::measure::run(Family::Pagecache, args),
        Command::Eventloop(args) => commands::measure::run(Family::Eventloop, args),
        Command::Run(args) => commands::run::run(args),
        Command::Report(args) => commands::report::run(args).map(|()| exit::OK),
        Command::Compare(args) => commands::compare::run(args),
        Command::Check(args) => commands::check::run(args),
        Command::Serve(args) => commands::serve::run(args).map(|()| exit::OK),
        Command::Slo(args) => commands::slo::run(args).map(|()| exit::OK),
        Command::Doctor(args) => commands::doctor::run(args),
        Command::Demo(args) => commands::demo::run(args).map(|()| exit::OK),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(cli.command.failed())
        }
    }
}

/// Help and version go to stdout with 0, mistakes to stderr with 2 (125 where a command was to run).
fn not_started(refused: &clap::Error) -> ExitCode {
    if let Some(mistake) = usage::mistake(refused) {
        complain(&mistake);
        return ExitCode::from(usage::exit_code(std::env::args_os()));
    }
    match refused.print() {
        // `tracer` alone is help too, but not what was asked for.
        _ if refused.use_stderr() => ExitCode::from(exit::USAGE),
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to stdout: {error}"));
            ExitCode::from(exit::FAILED)
        }
        _ => ExitCode::from(exit::OK),
    }
}

/// One line, whatever names are in it.
fn complain(text: &str) {
    say(&format!("tracer: {}", escape::escape(text)));
}
