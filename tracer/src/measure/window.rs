//! The window: opened, waited in, closed.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio::{sync::Notify, time::Instant};
use tracer_common::records::SleepingTask;

use super::{
    Observer,
    attention::{Attention, Ended},
    cutter::Cutter,
    java,
    logs::Logs,
    scene::{Asked, Scene},
    ticks::{reached, tick, ticks},
    warnings::show,
};
use crate::{
    child::Child,
    collect::{self, CulpritLog, StackLog},
    model::Target,
    options::RECORDED_INTERVAL,
    probe::Session,
    snapshot::IntervalData,
};

/// How often records of slow calls are taken from the kernel: a reader that each of them woke would preempt the
/// very thread that is measured.
const READ_INTERVAL: Duration = Duration::from_millis(100);

/// So many intervals are handed over while the window is open: the last minute.
const SHOWN_INTERVALS: usize = 60;

/// What a window as such has brought, so far or in all.
pub struct WindowData {
    /// Whom it was about.
    pub target: Target,
    /// When it opened, by the wall clock.
    pub start: Timestamp,
    /// When it opened, CLOCK_MONOTONIC.
    pub opened_ns: u64,
    /// When it closed, or up to when it is looked at, likewise.
    pub closed_ns: u64,
    /// The threads that slept inside a system call just before; `None` where the kernel cannot list them.
    pub asleep_before: Option<Vec<SleepingTask>>,
    /// What happened in each interval.
    pub intervals: Vec<IntervalData>,
}

/// Opens the window, lets a command go that is to run meanwhile, and closes the window when time is up, the target or
/// that command ends, or, without one, the user says so.
pub async fn watch(
    scene: &Scene<'_>,
    session: &mut Session,
    logs: &mut Logs,
    attention: &mut Attention<'_>,
    observer: &mut dyn Observer,
) -> Result<WindowData> {
    let (options, maps) = (scene.options, scene.maps);
    if cfg!(feature = "fault-let-go-early") {
        attention.command().into_iter().for_each(Child::let_go);
        std::thread::sleep(Duration::from_millis(20));
    }
    logs.sight.take_warning().into_iter().for_each(|text| observer.warning(&text));
    let asleep_before = session.sleeping_tasks();
    let mut open = OpenWindow::new(scene, logs, asleep_before);
    observer.started(&open.data.target, open.data.start, options.duration);
    attention.command().into_iter().for_each(Child::let_go);
    let mut reported = Cutter::new(open.data.opened_ns, maps);
    let ended = open.wait(scene, session, logs, attention, &mut reported, observer).await?;
    let OpenWindow { data: mut window, mut recorded, .. } = open;
    window.target.ended_early = (ended == Ended::Target).then_some(true);
    observer.closing();
    window.closed_ns = maps.close_window();
    logs.look(maps);
    settle().await;
    window.intervals.push(recorded.cut(window.closed_ns));
    if options.interval.is_some() {
        observer.interval(&reported.cut(window.closed_ns).interval);
    }
    show(attention.warnings.as_mut());
    logs.processes.drain();
    if let Some(child) = attention.command() {
        child.attend()?;
        if options.command.is_some() {
            // That it ends is how its window ends.
            window.target.ended_early = None;
        }
    }
    Ok(window)
}

/// A window that is open.
pub struct OpenWindow<'a> {
    /// What it has brought so far.
    pub data: WindowData,
    /// Cuts it into pieces.
    pub recorded: Cutter<'a>,
    opened: Instant,
}

impl<'a> OpenWindow<'a> {
    /// Opens the gate, unless a target that was waited for has opened it a moment ago.
    pub fn new(scene: &Scene<'a>, logs: &Logs, asleep_before: Option<Vec<SleepingTask>>) -> Self {
        let target = Target {
            selector: scene.options.selector(),
            processes: logs.processes.processes().to_vec(),
            processes_unlisted: None,
            ended_early: None,
        };
        let opened_ns = scene.maps.open_window();
        let since_opened = Duration::from_nanos(collect::monotonic_ns().saturating_sub(opened_ns));
        let now = Instant::now();
        let opened = now.checked_sub(since_opened).unwrap_or(now);
        let start = Timestamp::now().checked_sub(since_opened).unwrap_or_else(|_| Timestamp::now());
        let data = WindowData { target, start, opened_ns, closed_ns: opened_ns, asleep_before, intervals: Vec::new() };
        Self { data, recorded: Cutter::new(opened_ns, scene.maps), opened }
    }

    /// Waits for what ends the window, and looks at what must be looked at meanwhile.
    ///
    /// # Errors
    /// If the command cannot be waited for.
    pub async fn wait(
        &mut self,
        scene: &Scene<'_>,
        session: &mut Session,
        logs: &mut Logs,
        attention: &mut Attention<'_>,
        reported: &mut Cutter<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Ended> {
        let (options, maps) = (scene.options, scene.maps);
        let mut record = ticks(self.opened, Some(RECORDED_INTERVAL));
        let mut report = ticks(self.opened, options.interval);
        let mut read = ticks(self.opened, Some(READ_INTERVAL));
        let mut look_early = true;
        let stop = observer.stop();
        let end = options.duration.and_then(|duration| self.opened.checked_add(duration));
        loop {
            tokio::select! {
                biased;
                () = reached(end) => return Ok(Ended::Time),
                ended = attention.end(maps) => return ended,
                () = stopped(stop.as_deref()) => return Ok(Ended::Early),
                () = tick(&mut record) => {
                    let piece = self.recorded.cut(collect::monotonic_ns());
                    observer.recorded(&piece.interval);
                    self.data.intervals.push(piece);
                    logs.look(maps);
                    logs.sight.take_warning().into_iter().for_each(|text| observer.warning(&text));
                    if !session.lists_targets_as_they_come() {
                        logs.processes.add_slots(maps);
                    }
                    show(attention.warnings.as_mut());
                    if observer.wants_snapshot() {
                        so_far(scene, session, logs, &self.data, attention.command(), observer);
                    }
                    if attention.is_replaced(options) {
                        return Ok(Ended::Replaced);
                    }
                }
                () = tick(&mut read) => {
                    logs.culprits.iter_mut().for_each(CulpritLog::drain);
                    logs.processes.drain();
                    logs.stacks.iter_mut().for_each(StackLog::follow);
                    // Once early: a short load may be over before the first second is.
                    if std::mem::take(&mut look_early) {
                        logs.look(maps);
                        if observer.wants_snapshot() {
                            so_far(scene, session, logs, &self.data, attention.command(), observer);
                        }
                    }
                    logs.culprits.iter_mut().for_each(|log| observer.slow_calls(log.take_new()));
                }
                () = tick(&mut report) => observer.interval(&reported.cut(collect::monotonic_ns()).interval),
            }
        }
    }
}

/// Shows the observer what the open window has brought so far. Nothing is taken away from what comes at the end.
fn so_far(
    scene: &Scene<'_>,
    session: &mut Session,
    logs: &mut Logs,
    window: &WindowData,
    command: Option<&mut Child>,
    observer: &mut dyn Observer,
) {
    let began = std::time::Instant::now();
    let asked = Asked::now(session, scene.maps, logs);
    logs.threads.begin();
    let held = scene.maps.held(&mut |key| logs.threads.look(key));
    let window = WindowData {
        target: window.target.clone(),
        // Last: what has been read lies before.
        closed_ns: collect::monotonic_ns(),
        asleep_before: window.asleep_before.clone(),
        intervals: window.intervals[window.intervals.len().saturating_sub(SHOWN_INTERVALS)..].to_vec(),
        ..*window
    };
    let mut snapshot = scene.snapshot(window, asked, held, logs);
    if let Some(child) = command {
        snapshot.target.processes.iter_mut().for_each(|process| child.describe(process));
    }
    snapshot.thread_names = java::known(logs.java.as_deref().unwrap_or_default(), &snapshot);
    observer.snapshot(snapshot, began.elapsed());
}

/// Waits until the observer asks for the end.
async fn stopped(stop: Option<&Notify>) {
    match stop {
        Some(stop) => stop.notified().await,
        None => std::future::pending().await,
    }
}

/// Waits until a program that had passed the gate just before it closed has come to its end. Programs
/// take microseconds and cannot be preempted for long.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}
