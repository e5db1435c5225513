//! Runs of both sides, made in turn, each measured by a tracer of its own.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, anyhow, bail};
use fastrand::Rng;
use jiff::Timestamp;

use crate::{cli::RunsArgs, escape::escape, gate::compare::early::due_after, stderr::say};

/// Makes the runs that the options ask for, and says in which folders their recordings are: old, new. `None`: they ask for none.
/// `seed` decides who goes first. With `--stop-early`, `look` says after a part of the runs whether they are enough.
///
/// # Errors
/// If a command fails or cannot be measured, or if the look fails. The recordings of the runs before it are kept.
pub fn make(
    args: &RunsArgs,
    seed: Option<u64>,
    mut look: impl FnMut(&[PathBuf; 2]) -> Result<bool>,
) -> Result<Option<[PathBuf; 2]>> {
    let (Some(old), Some(new)) = (&args.old_cmd, &args.new_cmd) else { return Ok(None) };
    let target = target(args)?;
    let root = args
        .keep
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("tracer-compare-{}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"))));
    fs::create_dir(&root).with_context(|| format!("cannot make the folder {}", root.display()))?;
    let folders = ["old", "new"].map(|side| root.join(side));
    for folder in &folders {
        fs::create_dir(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let seed = seed.unwrap_or_else(|| fastrand::u64(..u64::from(u32::MAX)));
    let order = order(args.runs, seed);
    say(&format!(
        "tracer: {} runs, in turn (--seed {seed}), kept in {}",
        order.len(),
        escape(&root.display().to_string())
    ));
    // In runs of both sides.
    let look_after = args.stop_early.then(|| 2 * due_after(args.runs as usize));
    let tracer = std::env::current_exe().context("cannot find tracer's own program")?;
    for (place, &(side, run)) in order.iter().enumerate() {
        let [name, command] = if side == 0 { ["old", old] } else { ["new", new] };
        say(&format!("tracer: run {} of {}: {name}", place + 1, order.len()));
        let folder = &folders[side];
        let words = words(args, target.as_deref(), &folder.join(format!("{run:03}.json")), command);
        let log = folder.join(format!("{run:03}.log"));
        let made = set_up(args.setup.as_deref(), name, &log).and_then(|()| run_one(&tracer, &words, name, &log));
        made.with_context(|| format!("cannot make run {} of {} ({name})", place + 1, order.len()))?;
        if look_after == Some(place + 1) && place + 1 < order.len() && look(&folders)? {
            break;
        }
    }
    Ok(Some(folders))
}

/// Each run: its side, and its number there, from 1. Old and new alternate in pairs, chance deciding who goes first.
fn order(runs: u32, seed: u64) -> Vec<(usize, u32)> {
    let mut rng = Rng::with_seed(seed);
    let pair = |run| {
        let first = rng.usize(..2);
        [(first, run), (1 - first, run)]
    };
    (1..=runs).flat_map(pair).collect()
}

fn target(args: &RunsArgs) -> Result<Option<Vec<String>>> {
    let Some(target) = &args.target else { return Ok(None) };
    let words =
        shlex::split(target).ok_or_else(|| anyhow!("cannot read --target: a quote in {target:?} is not closed"))?;
    Ok(Some(words))
}

/// What a tracer of its own is told.
fn words(args: &RunsArgs, target: Option<&[String]>, recording: &Path, command: &str) -> Vec<String> {
    let family = args.family.name();
    let measure = match target {
        Some(target) => [&[family.to_owned()], target].concat(),
        None => vec!["run".into(), family.into()],
    };
    let rest = ["-q", "-o", &format!("json:{}", recording.display()), "--", "sh", "-c", command];
    measure.into_iter().chain(rest.map(str::to_owned)).collect()
}

fn set_up(command: Option<&str>, side: &str, log: &Path) -> Result<()> {
    let Some(command) = command else { return Ok(()) };
    let mut sh = Command::new("sh");
    sh.args(["-c", command]).env("TRACER_SIDE", side);
    to_end(&mut sh, log).context("--setup failed")
}

fn run_one(tracer: &Path, words: &[String], side: &str, log: &Path) -> Result<()> {
    let mut command = Command::new(tracer);
    command.args(words).env("TRACER_SIDE", side);
    to_end(&mut command, log)
}

/// Runs it to its end, what it says in `log`; an error with the last of it, unless it succeeds.
fn to_end(command: &mut Command, log: &Path) -> Result<()> {
    let open = || File::options().create(true).append(true).open(log);
    let (out, err) =
        (open().and_then(|out| Ok((out, open()?)))).with_context(|| format!("cannot write {}", log.display()))?;
    let status = command.stdin(Stdio::null()).stdout(out).stderr(err).status().context("cannot start it")?;
    if status.success() {
        return Ok(());
    }
    let said = fs::read_to_string(log).unwrap_or_default();
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    bail!("it ended with {status}, see {}: {}", log.display(), last.trim());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_alternate_in_pairs_and_chance_decides_who_goes_first() {
        let order = order(50, 7);
        assert_eq!(order.len(), 100);
        for (pair, run) in order.chunks(2).zip(1..) {
            assert!(pair[0].0 != pair[1].0 && pair.iter().all(|&(_, number)| number == run), "{pair:?}");
        }
        let firsts: usize = order.chunks(2).map(|pair| pair[0].0).sum();
        assert!((10..40).contains(&firsts), "{firsts} of 50 times the new one first");
    }
}
