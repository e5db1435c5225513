//! One measurement from start to end: attach, open the window, wait, close it, collect, analyse.

use std::{io, os::fd::OwnedFd, time::Duration};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use tokio::{
    io::{Interest, unix::AsyncFd},
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};
use tracer_common::{records::SleepingTask, syscall::Syscall};

use crate::{
    analysis,
    collect::{self, CulpritLog, JavaNames, KernelMaps, MappedFiles, StackLog, TargetProcess, Totals, WatchLog},
    model::{Interval, Recording, Target},
    options::{Measurement, RECORDED_INTERVAL, TargetOption},
    probe::{Request, Session, Sizes},
    snapshot::{FilesRead, IntervalData, Snapshot},
};

/// How often records of slow calls are taken from the kernel: a reader that each of them woke would preempt the
/// very thread that is measured.
const READ_INTERVAL: Duration = Duration::from_millis(100);

/// Room for threads that start inside the window, beyond four times those that are there.
const LEAST_SLOTS: u32 = 8192;

/// Most slots that are taken up without being asked for.
const MOST_SLOTS: u32 = 1 << 18;

/// Fewer threads wait for readiness than there are: one record of turns for so many slots …
const SLOTS_PER_TURN_RECORD: u32 = 8;

/// … and so many at least.
const LEAST_TURN_RECORDS: u32 = 64;

/// Who is told how a measurement goes.
pub trait Observer {
    /// All probes are attached and the window is open.
    fn started(&mut self, target: &Target, start: Timestamp, duration: Option<Duration>);
    /// The window is about to close.
    fn closing(&mut self) {}
    /// One of the intervals that the recording is cut into has passed.
    fn recorded(&mut self, _interval: &Interval) {}
    /// One of the intervals that the user asked for has passed.
    fn interval(&mut self, interval: &Interval);
    /// Something went wrong that does not end the measurement.
    fn warning(&mut self, text: &str);
    /// Something that only `-v` shows.
    fn detail(&mut self, text: &str);
}

/// Measures.
///
/// # Errors
/// If the target does not exist or the kernel does not let it be measured.
pub fn measure(options: &Measurement, observer: &mut dyn Observer) -> Result<Recording> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the measurement: no event loop to wait in")?;
    let process = match options.target {
        TargetOption::Pid(pid) => TargetProcess::of_pid(pid)?,
        TargetOption::Tid(tid) => TargetProcess::of_tid(tid)?,
    };
    let slots = slots_for(options, process.threads);
    let syscalls = options.syscalls();
    let sizes = Sizes {
        slots,
        turns: (slots / SLOTS_PER_TURN_RECORD).max(LEAST_TURN_RECORDS),
        rows: syscalls.len() as u32,
        files: options.looks_at_files().then(|| options.max_files.next_power_of_two().max(2)),
        stacks: options.stacks,
        cpus: collect::possible_cpus(),
    };
    let request = Request {
        syscalls: &syscalls,
        sizes: &sizes,
        pid: Some(process.process.pid.0),
        tid: match options.target {
            TargetOption::Pid(_) => None,
            TargetOption::Tid(tid) => Some(tid.0),
        },
        threshold_ns: options.threshold_ns,
        turns: options.turns,
        mechanism: options.mechanism,
        warnings: options.verbose,
    };
    let mut session = Session::start(&request, &mut |text| observer.detail(text))?;
    observer.detail(&format!("room for {slots} threads"));
    let maps = KernelMaps::of(&session, &sizes, syscalls)?;
    let mut logs = Logs {
        culprits: session.slow_calls()?.map(CulpritLog::new),
        watched: WatchLog::default(),
        mapped: options.looks_at_files().then(MappedFiles::default),
        stacks: match options.stacks {
            Some(_) => {
                let pids = std::iter::once(process.process.pid.0);
                Some(StackLog::start(session.stacks()?, sizes.cpus, pids, &mut |text| observer.detail(text)))
            }
            None => None,
        },
    };
    // Before the window opens: it stops the target for a moment.
    let java = options.java_names.then(|| {
        let asked = Instant::now();
        let names = JavaNames::ask(&process, &mut |text| observer.warning(text));
        observer.detail(&format!("asked for names of Java threads: {} ms", asked.elapsed().as_millis()));
        names
    });
    let window = runtime.block_on(watch(options, &mut session, &maps, &mut logs, process, observer))?;
    let asleep = session.sleeping_tasks();
    logs.watched.look(&maps, asleep.iter().flatten().filter_map(SleepingTask::ready_set));
    let processes = window.target.processes.iter().map(|process| process.pid.0);
    // To find them takes a look at every descriptor: only worth it for a process with a thread that may be stuck.
    let stuck = processes.filter(|&pid| asleep.iter().flatten().any(|task| task.key.pid == pid && may_be_stuck(task)));
    let idle_instances = stuck.flat_map(|pid| logs.watched.idle_instances(pid)).collect();
    let probes = session.probes();
    let counts_behind = session.counts_behind();
    // The kernel waits for grace periods, probe by probe; behind a closed gate nobody else needs to.
    std::thread::spawn(move || drop(session));
    let mut threads = maps.threads();
    logs.culprits.iter_mut().for_each(|log| log.name_worst_turns(&mut threads));
    let sleepers = asleep.as_deref().unwrap_or_default();
    let files = logs.files(&maps);
    let culprits = logs.culprits.map(|log| log.finish(&maps.untold()));
    let slow_calls = culprits.iter().flat_map(|culprits| &culprits.calls);
    let slow_calls = slow_calls.map(|data| (data.call.key.pid, data.call.stack));
    let stacks = logs.stacks.map(|log| log.finish(slow_calls)).transpose()?;
    let thread_names = java.map(|java| java.of(&threads, sleepers, &mut |text| observer.warning(text)));
    Ok(analysis::recording(&Snapshot {
        host: collect::host(),
        families: options.families.clone(),
        target: window.target,
        start: window.start,
        opened_ns: window.opened_ns,
        opened_boottime_ns: maps.opened_boottime_ns(),
        closed_ns: window.closed_ns,
        threshold_ns: options.threshold_ns,
        blocked_share: options.blocked_share,
        probes,
        losses: maps.losses(),
        threads,
        syscalls: maps.beyond_threads(),
        asleep_before: window.asleep_before,
        asleep,
        idle_instances,
        counts_behind,
        watched: logs.watched.finish(),
        thread_names: thread_names.unwrap_or_default(),
        peer_labels: options.peer_labels.clone(),
        culprits,
        stacks,
        files,
        intervals: window.intervals,
    }))
}

/// What is taken down while the window is open, beside the kernel half's own sums.
struct Logs {
    culprits: Option<CulpritLog>,
    watched: WatchLog,
    stacks: Option<StackLog>,
    mapped: Option<MappedFiles>,
}

impl Logs {
    /// Looks at what the target waits on, and at what it has mapped.
    fn look(&mut self, maps: &KernelMaps, target: &Target) {
        self.watched.look(maps, []);
        if let Some(mapped) = &mut self.mapped {
            target.processes.iter().for_each(|process| mapped.look(process.pid.0));
        }
        if let Some(stacks) = &mut self.stacks {
            stacks.look(maps.keys().map(|key| key.pid));
        }
    }

    /// The files that were read, where they were told apart.
    fn files(&mut self, maps: &KernelMaps) -> Option<FilesRead> {
        let mapped = self.mapped.as_ref()?;
        Some(self.culprits.as_mut()?.files(maps.files()?, mapped.paths()))
    }
}

/// A window that has closed.
struct ClosedWindow {
    target: Target,
    start: Timestamp,
    opened_ns: u64,
    closed_ns: u64,
    asleep_before: Option<Vec<SleepingTask>>,
    intervals: Vec<IntervalData>,
}

/// Opens the window, and closes it when time is up, the user says so, or the target ends.
async fn watch(
    options: &Measurement,
    session: &mut Session,
    maps: &KernelMaps,
    logs: &mut Logs,
    process: TargetProcess,
    observer: &mut dyn Observer,
) -> Result<ClosedWindow> {
    // Before the window opens: so a signal that comes right after ends it, and not the program.
    let cannot_listen = "cannot listen for signals";
    let mut interrupt = signal(SignalKind::interrupt()).context(cannot_listen)?;
    let mut terminate = signal(SignalKind::terminate()).context(cannot_listen)?;
    let mut hangup = match collect::ignores_hangup() {
        true => None,
        false => Some(signal(SignalKind::hangup()).context(cannot_listen)?),
    };
    // SAFETY: the descriptor is owned, stays open and keeps its number for as long as it is registered.
    let ended = unsafe { AsyncFd::register_with_interest(process.ended, Interest::READABLE) }
        .map_err(io::Error::from)
        .context("cannot wait for the target's end")?;
    let mut warnings = match options.verbose {
        true => Some(session.warnings(Warnings)?),
        false => None,
    };

    let mut target =
        Target { selector: options.target.selector(), processes: vec![process.process], ended_early: None };
    let asleep_before = session.sleeping_tasks();
    let start = Timestamp::now();
    let opened_ns = maps.open_window();
    let opened = Instant::now();
    observer.started(&target, start, options.duration);

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
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            () = received(&mut hangup) => break,
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
    Ok(ClosedWindow { target, start, opened_ns, closed_ns, asleep_before, intervals })
}

/// Waits until a program that had passed the gate just before it closed has come to its end. Programs
/// take microseconds and cannot be preempted for long.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// Cuts the window into intervals whose sums are the whole.
struct Cutter<'a> {
    opened_ns: u64,
    last: Totals,
    maps: &'a KernelMaps,
}

impl<'a> Cutter<'a> {
    fn new(opened_ns: u64, maps: &'a KernelMaps) -> Self {
        Self { opened_ns, last: Totals::zero(opened_ns, maps.syscalls()), maps }
    }

    /// The interval from the last cut to this one.
    fn cut(&mut self, at_ns: u64) -> IntervalData {
        let now = Totals::read(at_ns, self.maps);
        let interval = collect::interval(self.opened_ns, &self.last, &now);
        self.last = now;
        interval
    }
}

/// Slots for the target's threads and for those that it may start; a power of two.
fn slots_for(options: &Measurement, threads: usize) -> u32 {
    let wanted = match options.max_threads {
        Some(threads) => threads,
        None => u32::try_from(threads).unwrap_or(MOST_SLOTS).saturating_mul(4).clamp(LEAST_SLOTS, MOST_SLOTS),
    };
    wanted.next_power_of_two()
}

type Ticks = Option<tokio::time::Interval>;

fn ticks(from: Instant, period: Option<Duration>) -> Ticks {
    period.map(|period| {
        let mut ticks = interval_at(from + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks
    })
}

async fn tick(ticks: &mut Ticks) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

async fn reached(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Waits until `descriptor` becomes readable; for a pidfd that is when the process ends.
async fn readable(descriptor: &AsyncFd<OwnedFd>) {
    match descriptor.readable().await {
        Ok(_guard) => {}
        // The runtime is going down: nothing left to wait for.
        Err(_) => std::future::pending().await,
    }
}

/// Whether a thread that is asleep may be an event loop that is stuck: in a traced call, or waiting for storage.
fn may_be_stuck(task: &SleepingTask) -> bool {
    let is_traced = |syscall: &Syscall| i64::from(syscall.info().number) == task.syscall_number;
    task.is_uninterruptible() || Syscall::ALL.iter().any(is_traced)
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

/// Shows the kernel half's warnings. Looked at now and then: a reader that is woken by each would preempt
/// the very thread that is measured.
fn show(warnings: Option<&mut aya_log::EbpfLogger<Warnings>>) {
    if let Some(warnings) = warnings {
        warnings.flush();
    }
}

/// Writes the kernel half's warnings to stderr.
struct Warnings;

impl log::Log for Warnings {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        crate::stderr::say(&format!("tracer: kernel: {}", record.args()));
    }

    fn flush(&self) {}
}
