//! `tracer check`.

mod any;
mod command;
mod event_loops;
mod limits;
mod losses;
mod objectives;
mod screens;

use tests::golden;
use tracer::{
    gate::check::{
        CheckReport, Limit, Limits, Of, Target, check,
        report::{LimitReport, TargetReport},
    },
    model::Recording,
};

/// What `limits` find of a recording.
fn found(recording: &Recording, limits: &Limits) -> TargetReport {
    let target = Target { name: "target".into(), recording: recording.clone() };
    let CheckReport { mut targets, .. } = check(&[target], limits);
    targets.remove(0)
}

/// What one limit finds of a recording.
fn one(recording: &Recording, limit: Limit) -> LimitReport {
    let limits = Limits { limits: vec![limit], slos: Vec::new() };
    let [only] = <[_; 1]>::try_from(found(recording, &limits).limits).expect("one row");
    only
}

fn sendfile() -> Of {
    Of::Syscall("sendfile".into())
}

/// A golden recording, changed.
fn changed(name: &str, change: impl FnOnce(&mut Recording)) -> Recording {
    let mut recording = golden::recording(name);
    change(&mut recording);
    recording
}
