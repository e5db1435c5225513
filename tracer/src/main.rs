//! The `tracer` command line.

use std::process::ExitCode;

use clap::Parser as _;
use tracer::{
    cli::{Cli, Command},
    commands, exit, say,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with 0, mistakes to stderr with 2. A closed pipe is no error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    let result = match &cli.command {
        Command::Sendfile(args) => commands::sendfile::run(args),
        Command::Demo(args) => commands::demo::run(args),
    };
    match result {
        Ok(()) => ExitCode::from(exit::OK),
        Err(error) => {
            say(&format!("tracer: {error:#}"));
            ExitCode::from(exit::FAILED)
        }
    }
}
