//! `tracer demo`.

use std::time::Duration;

use anyhow::{Error, Result};
use jiff::Timestamp;

use super::{follow::Follow, printer::print, progress::Progress, results::Results};
use crate::{
    cli::{DemoArgs, Format},
    demo::{self, Stage},
    measure::{Observer, measure},
    model::{Interval, Target},
    options::{DEFAULT_STACKS, Family, Measurement, RECORDED_INTERVAL, TargetOption},
    probe, render,
    stderr::say,
    units,
};

/// Shows the whole product with no set-up: a file server, traced, and what the server itself counted.
///
/// # Errors
/// If it cannot be set up, measured or written.
pub fn run(args: &DemoArgs) -> Result<()> {
    if let Some(directory) = &args.serve {
        return demo::serve(directory);
    }
    let mut results = Results::open(&args.output)?;
    // What takes seconds to set up should not be in vain.
    probe::check_privileges()?;
    let stage = Stage::set_up(args.directory.as_deref())?;
    let disk = stage.disk();
    say(&format!(
        "demo: a file server on http://{}, its files in {}; a cold read of 4 KiB takes {} here",
        stage.address(),
        stage.directory().display(),
        units::duration(disk.median_ns),
    ));
    let options = Measurement {
        writes_for_others: true,
        connects: true,
        duration: Some(args.duration),
        threshold_ns: stage.threshold_ns(),
        stacks: args.output.has(Format::Folded).then_some(DEFAULT_STACKS),
        interval: args.output.has(Format::Jsonl).then_some(RECORDED_INTERVAL),
        ..Measurement::new(Family::Sendfile, TargetOption::pid(stage.pid()), args.output.verbose)
    };
    let mut director = Director { progress: Progress::new(&mut results, &options, Follow::Line), stage, failure: None };
    let recording = measure(&options, None, &mut director)?;
    let lines = director.progress.finish();
    if let Some(failure) = director.failure {
        return Err(failure);
    }
    let truth = director.stage.finish()?;
    let account = results.prints_table().then(|| render::demo_account(&recording, &truth, &disk, &results.style()));
    results.write(&recording).and(lines)?;
    account.map_or(Ok(()), |account| print(&account))
}

/// Lets the clients go when the window opens and stops them before it closes: so each of the server's calls
/// lies within it, and both accounts must be equal.
struct Director {
    progress: Progress,
    stage: Stage,
    failure: Option<Error>,
}

impl Observer for Director {
    fn started(&mut self, target: &Target, start: Timestamp, duration: Option<Duration>) {
        self.progress.started(target, start, duration);
        self.failure = self.stage.begin().err();
    }

    fn closing(&mut self) {
        self.progress.closing();
        self.failure = self.failure.take().or(self.stage.end().err());
    }

    fn recorded(&mut self, interval: &Interval) {
        self.progress.recorded(interval);
    }

    fn interval(&mut self, interval: &Interval) {
        self.progress.interval(interval);
    }

    fn warning(&mut self, text: &str) {
        self.progress.warning(text);
    }

    fn detail(&mut self, text: &str) {
        self.progress.detail(text);
    }
}
