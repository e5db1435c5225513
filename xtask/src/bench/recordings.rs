//! How long the largest recordings take: to be written, and to be reported in each format. Never a pass or a fail.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::command::Run;
use crate::page::Place;
use crate::workspace::Workspace;

const PLACE: Place = Place { page: "docs/recording.md", task: "cargo xtask bench --recordings --update-docs" };

/// Makes large recordings, reports the largest in every format, and prints what that took.
pub fn run(workspace: &Workspace, update_docs: bool) -> Result<()> {
    for (package, program) in [("tracer", "tracer"), ("tests", "large-recording")] {
        let build = ["build", "--locked", "--release", "--package", package, "--bin", program];
        Run::cargo().args(build).current_dir(&workspace.root).status()?;
    }
    let release = workspace.target.join("release");
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let path = folder.path().join("large.json");
    let mut table = String::from("| what | seconds | MB of memory | MB written |\n|---|---|---|---|\n");
    for (what, options) in
        [("the longest 1,000 slow calls listed", [].as_slice()), ("all slow calls listed", &["--all"])]
    {
        let made = Run::new(release.join("large-recording"))
            .arg(workspace.path("tests/golden/recordings/blocked.json"))
            .arg(&path)
            .args(options)
            .capture()?;
        let made: serde_json::Value = serde_json::from_str(&made).context("it was not said how long writing took")?;
        let number = |key: &str| made[key].as_u64().unwrap_or_default();
        let (seconds, bytes) = (number("written_ms") as f64 / 1e3, number("bytes"));
        table += &format!("| written as JSON, {what} | {seconds:.2} | | {:.1} |\n", megabytes(bytes));
    }
    let tracer = release.join("tracer");
    for format in formats(&tracer)? {
        let out = folder.path().join("report");
        let mut command = Command::new(&tracer);
        command.args(["report", "-q", "-o"]).arg(format!("{format}:{}", out.display())).arg(&path);
        let Cost { seconds, memory_bytes } = cost(command)?;
        let size = std::fs::metadata(&out).with_context(|| format!("no report as {format}"))?.len();
        table += &format!(
            "| report as {format} | {seconds:.2} | {:.0} | {:.1} |\n",
            megabytes(memory_bytes),
            megabytes(size)
        );
    }
    println!("{table}");
    if update_docs {
        PLACE.write(workspace, &table)?;
    }
    Ok(())
}

/// The formats that a report can have, as its help lists them.
fn formats(tracer: &Path) -> Result<Vec<String>> {
    let help = Run::new(tracer).args(["report", "-h"]).capture()?;
    let words = help.split_once("--format").and_then(|(_, rest)| rest.split_once("[possible values: "));
    let (words, _) = words.and_then(|(_, rest)| rest.split_once(']')).context("the help lists no formats")?;
    Ok(words.split(',').map(|word| word.split_whitespace().collect()).collect())
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

struct Cost {
    seconds: f64,
    memory_bytes: u64,
}

/// Runs it to its end.
fn cost(mut command: Command) -> Result<Cost> {
    let begun = Instant::now();
    let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot run {command:?}"))?;
    let pid = i32::try_from(child.id()).context("no such process id")?;
    let (mut status, mut usage) = (0, std::mem::MaybeUninit::<libc::rusage>::zeroed());
    // SAFETY: both pointers are to local variables of the types that wait4 writes, and the child is ours and not
    // waited for elsewhere: `Child` does not wait when it is dropped.
    let ended = unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) };
    let seconds = begun.elapsed().as_secs_f64();
    let status = <ExitStatus as std::os::unix::process::ExitStatusExt>::from_raw(status);
    if ended != pid || !status.success() {
        bail!("{command:?} failed: {}", crate::command::ending(status));
    }
    // SAFETY: zeroed, a rusage is valid; wait4 has written it besides.
    let usage = unsafe { usage.assume_init() };
    Ok(Cost { seconds, memory_bytes: u64::try_from(usage.ru_maxrss).unwrap_or_default() * 1024 })
}
