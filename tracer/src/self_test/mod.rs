//! Known work, done and measured: what the work knows of itself against what tracer saw of it, and what the probes cost.
//!
//! The work is a command of tracer's own (`work`), run as any command is: held until the window opens, with its children
//! followed. Its files have no name and it ends with tracer, so nothing is left of it, whatever happens.

mod compare;
mod cost;
mod files;
mod known;
mod report;
mod work;

use std::{
    ffi::OsString,
    io::{Read as _, Seek as _},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use rustix::fs::{MemfdFlags, memfd_create};

use self::{files::Files, known::Known};
pub use self::{
    report::{CallCost, Check, Cost, SelfTest, Unit},
    work::work,
};
use crate::{
    child::{Child, Ending, Streams},
    gate::outcome::Outcome,
    measure::{Observer, measure},
    model::{Interval, Recording, Target},
    options::{DEFAULT_STACKS, Family, Measurement, TargetOption},
};

/// Room for threads while the work is measured; a power of two. It is small, so that the work can have two threads that fall
/// on one place.
const SLOTS: u32 = 512;

/// How long the work may take.
const AT_MOST: Duration = Duration::from_secs(40);

/// Does and measures it, with its files in `directory` or where there is a place. `detail` is told what goes on. To be called
/// before this program has a second thread.
///
/// # Errors
/// If the work cannot be done or measured.
pub fn run(directory: Option<&Path>, detail: &mut dyn FnMut(&str)) -> Result<SelfTest> {
    let files = Files::make(directory)?;
    // First: from the work on, tracer's signals are the work's.
    let cost = cost::measure(&files.hot).context("cannot measure what the probes cost")?;
    let (known, recording) = measured(&files, detail)?;
    let checks = compare::checks(&known, &recording, &files.conditions()?);
    Ok(SelfTest {
        outcome: Outcome::of_all(checks.iter().map(|check| check.outcome)),
        directory: files.directory.display().to_string(),
        checks,
        cost,
    })
}

/// The work's account, and tracer's.
fn measured(files: &Files, detail: &mut dyn FnMut(&str)) -> Result<(Known, Recording)> {
    let account = memfd_create("account", MemfdFlags::CLOEXEC).context("cannot make a file for the account")?;
    let mut account = std::fs::File::from(account);
    let [hot, cold] = files.hand_over()?;
    // The link rather than where it leads: this very program, even if its file has been replaced meanwhile.
    let words = ["/proc/self/exe", "doctor", "--known-work"].map(OsString::from);
    let words: Vec<_> = words.into_iter().chain([format!("{hot},{cold}").into()]).collect();
    let mut child = Child::start(&words, None, Streams::into_file(account.try_clone()?)?)?;
    let options = Measurement {
        families: vec![Family::Sendfile, Family::Splice, Family::Pagecache],
        command: Some(child.shown()),
        duration: Some(AT_MOST),
        stacks: Some(DEFAULT_STACKS),
        max_threads: Some(SLOTS),
        ..Measurement::new(Family::Sendfile, TargetOption::command(child.pid()), false)
    };
    let recording = measure(&options, Some(&mut child), &mut Listener(detail));
    if !child.was_let_go() {
        drop(child);
        return Err(recording.err().unwrap_or_else(|| anyhow::anyhow!("the known work was not let go")));
    }
    let (ending, recording) = (child.wait()?, recording?);
    let mut said = String::new();
    account.rewind()?;
    account.read_to_string(&mut said).context("cannot read the account of the known work")?;
    match ending {
        Ending::Exited(0) => {}
        Ending::Killed(signal) => bail!("the known work was ended by signal {signal}"),
        _ => bail!("the known work failed: {}", said.trim_end().strip_prefix("tracer: ").unwrap_or(said.trim_end())),
    }
    ensure!(recording.window.duration_ns < AT_MOST.as_nanos() as u64, "the known work took longer than {AT_MOST:?}");
    Ok((serde_json::from_str(&said).context("the known work gave no account")?, recording))
}

/// Who passes on what goes on, and otherwise nothing.
struct Listener<'a>(&'a mut dyn FnMut(&str));

impl Observer for Listener<'_> {
    fn started(&mut self, _: &Target, _: Timestamp, _: Option<Duration>) {}

    fn interval(&mut self, _: &Interval) {}

    fn warning(&mut self, text: &str) {
        (self.0)(text);
    }

    fn detail(&mut self, text: &str) {
        (self.0)(text);
    }
}
