//! `tracer run`, and the other commands with a command behind `--`.

use std::ffi::OsString;

use anyhow::{Error, Result, anyhow};
use rustix::io::Errno;

use super::{follow::Follow, progress::Progress, results::Results};
use crate::{
    child::{Child, Ending, Streams, run_as},
    cli::{CommandArgs, HowArgs, OutputArgs, RunArgs},
    escape::escape,
    options::Measurement,
    stderr::say,
};

/// Runs a command, measures it from its first system call on, and reports. Returns the command's exit code.
///
/// # Errors
/// If it cannot measure or write.
pub fn run(args: &RunArgs) -> Result<u8> {
    while_command_runs(&args.command, &args.options, &args.output, &args.how, |child| args.measurement(child))
}

/// Measures while a command runs, and reports when it has ended. Returns the command's exit code.
///
/// # Errors
/// If it cannot measure or write. Then the command has not run, or has ended.
pub fn while_command_runs(
    words: &[OsString],
    args: &CommandArgs,
    output: &OutputArgs,
    how: &HowArgs,
    options: impl FnOnce(&Child) -> Measurement,
) -> Result<u8> {
    // Mistakes first, before there is anything to be held up or to be ended.
    let follow = Follow::chosen(how, output, args.command_output.is_some())?;
    let mut results = Results::open_beside_command(output)?;
    let user = run_as(args.user.as_deref())?;
    let is_another = user.is_some();
    let streams = Streams::new(args.command_output.as_deref(), matches!(follow, Follow::View { .. }))?;
    let mut child = Child::start(words, user, streams)?;
    let mut options = options(&child);
    follow.apply(&mut options);
    (options.writes_for_others, options.signals_others) = (results.are_for_others(), is_another);
    let progress = Progress::new(&mut results, &options, follow);
    let (measured, mut progress) = follow.measure(&options, Some(&mut child), progress);
    if !child.was_let_go() {
        return match (child.ending(), measured) {
            // As without a command: nobody asks why.
            (Some(ending @ Ending::NeverBegan(_)), _) => Ok(ending.exit_code()),
            (None, Err(error)) if args.keep_going => run_unmeasured(&mut child, words, &error),
            (_, measured) => Err(measured.err().unwrap_or_else(|| anyhow!("the command was not let go"))),
        };
    }
    let ending = child.wait()?;
    if let Ending::NotRun(errno) = ending {
        complain(&cannot_run(words, errno));
        return Ok(ending.exit_code());
    }
    let printed = results.print(&progress.take_kept());
    let recording = measured?;
    results.write(&recording).and(printed).and(progress.finish())?;
    Ok(how.exit_code(ending.exit_code(), recording.verdict.status))
}

/// Runs the command although it cannot be measured, for this reason.
fn run_unmeasured(child: &mut Child, words: &[OsString], reason: &Error) -> Result<u8> {
    complain(&format!("{reason:#}; the command runs unmeasured"));
    child.let_go();
    let ending = child.wait()?;
    if let Ending::NotRun(errno) = ending {
        complain(&cannot_run(words, errno));
    }
    Ok(ending.exit_code())
}

fn cannot_run(words: &[OsString], errno: Errno) -> String {
    let file = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
    let why = match errno {
        Errno::NOENT if !file.contains('/') => "no directory of PATH has such a program".to_owned(),
        Errno::NOENT => "there is no such file, or not the interpreter that it names".to_owned(),
        Errno::ACCESS => "the user whom it is to run as may not execute it".to_owned(),
        errno => std::io::Error::from(errno).to_string(),
    };
    format!("cannot run {file}: {why}")
}

fn complain(text: &str) {
    say(&format!("tracer: {}", escape(text)));
}
