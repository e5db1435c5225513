//! The window: opened, waited in, closed.

use std::{io, os::fd::OwnedFd, time::Duration};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use tokio::{
    io::{Interest, unix::AsyncFd},
    time::Instant,
};
use tracer_common::records::SleepingTask;

use super::{
    Logs, Observer,
    cutter::Cutter,
    early::Early,
    ticks::{reached, tick, ticks},
    warnings::{Warnings, show},
};
use crate::{
    child::Child,
    collect::{self, CulpritLog, KernelMaps, StackLog, TargetProcess},
    model::Target,
    options::{Measurement, RECORDED_INTERVAL, TargetOption},
    probe::Session,
    snapshot::IntervalData,
};

/// How often records of slow calls are taken from the kernel: a reader that each of them woke would preempt the
/// very thread that is measured.
const READ_INTERVAL: Duration = Duration::from_millis(100);

/// A window that has closed.
pub struct ClosedWindow {
    /// Whom it was about.
    pub target: Target,
    /// When it opened, by the wall clock.
    pub start: Timestamp,
    /// When it opened, CLOCK_MONOTONIC.
    pub opened_ns: u64,
    /// When it closed, likewise.
    pub closed_ns: u64,
    /// The threads that slept inside a system call just before; `None` where the kernel cannot list them.
    pub asleep_before: Option<Vec<SleepingTask>>,
    /// What happened in each interval.
    pub intervals: Vec<IntervalData>,
}

/// Opens the window, lets a command go that is to run meanwhile, and closes the window when time is up, the target or
/// that command ends, or, without one, the user says so.
pub async fn watch(
    options: &Measurement,
    session: &mut Session,
    maps: &KernelMaps,
    logs: &mut Logs,
    process: TargetProcess,
    child: Option<&mut Child>,
    observer: &mut dyn Observer,
) -> Result<ClosedWindow> {
    let mut early = Early::listen(child)?;
    // SAFETY: the descriptor is owned, stays open and keeps its number for as long as it is registered.
    let ended = unsafe { AsyncFd::register_with_interest(process.ended, Interest::READABLE) }
        .map_err(io::Error::from)
        .context("cannot wait for the target's end")?;
    let mut warnings = match options.verbose {
        true => Some(session.warnings(Warnings)?),
        false => None,
    };

    let mut target = Target { selector: options.selector(), processes: vec![process.process], ended_early: None };
    if cfg!(feature = "fault-let-go-early") {
        early.command().into_iter().for_each(Child::let_go);
        std::thread::sleep(Duration::from_millis(20));
    }
    let asleep_before = session.sleeping_tasks();
    let start = Timestamp::now();
    let opened_ns = maps.open_window();
    let opened = Instant::now();
    observer.started(&target, start, options.duration);
    early.command().into_iter().for_each(Child::let_go);

    let mut recorded = Cutter::new(opened_ns, maps);
    let mut reported = Cutter::new(opened_ns, maps);
    let mut intervals = Vec::new();
    let mut record = ticks(opened, Some(RECORDED_INTERVAL));
    let mut report = ticks(opened, options.interval);
    let mut read = ticks(opened, Some(READ_INTERVAL));
    let mut look_early = true;
    let end = options.duration.and_then(|duration| opened.checked_add(duration));
    loop {
        tokio::select! {
            biased;
            () = reached(end) => break,
            ended = early.ended() => {
                ended?;
                break;
            }
            () = readable(&ended) => {
                target.ended_early = Some(true);
                break;
            }
            () = tick(&mut record) => {
                let piece = recorded.cut(collect::monotonic_ns());
                observer.recorded(&piece.interval);
                intervals.push(piece);
                logs.look(maps, &target);
                show(warnings.as_mut());
            }
            () = tick(&mut read) => {
                logs.culprits.iter_mut().for_each(CulpritLog::drain);
                logs.stacks.iter_mut().for_each(StackLog::follow);
                // Once early: a short load may be over before the first second is.
                if std::mem::take(&mut look_early) {
                    logs.look(maps, &target);
                }
            }
            () = tick(&mut report) => observer.interval(&reported.cut(collect::monotonic_ns()).interval),
        }
        if target_thread_is_gone(options.target, &target) {
            target.ended_early = Some(true);
            break;
        }
    }
    observer.closing();
    let closed_ns = maps.close_window();
    logs.look(maps, &target);
    settle().await;
    intervals.push(recorded.cut(closed_ns));
    if options.interval.is_some() {
        observer.interval(&reported.cut(closed_ns).interval);
    }
    show(warnings.as_mut());
    if let Some(child) = early.command() {
        child.attend()?;
        if options.command.is_some() {
            // That it ends is how its window ends.
            target.ended_early = None;
        }
        target.processes.iter_mut().for_each(|process| child.describe(process));
    }
    Ok(ClosedWindow { target, start, opened_ns, closed_ns, asleep_before, intervals })
}

/// Waits until a program that had passed the gate just before it closed has come to its end. Programs
/// take microseconds and cannot be preempted for long.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// Waits until `descriptor` becomes readable; for a pidfd that is when the process ends.
async fn readable(descriptor: &AsyncFd<OwnedFd>) {
    match descriptor.readable().await {
        Ok(_guard) => {}
        // The runtime is going down: nothing left to wait for.
        Err(_) => std::future::pending().await,
    }
}

/// A thread may end while its process goes on.
fn target_thread_is_gone(option: TargetOption, target: &Target) -> bool {
    match (option, target.processes.first()) {
        (TargetOption::Tid(tid), Some(process)) => {
            let path = format!("/proc/{}/task/{tid}", process.pid);
            matches!(std::fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
        }
        _ => false,
    }
}
