//! What the measurement tells, made into what is put up.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;

use super::{
    board::{Board, Latest, Posted},
    service::Service,
};
use crate::{
    analysis::{self, so_far::SoFar},
    collect,
    escape::escape,
    measure::Observer,
    model::{Interval, Target},
    options::Measurement,
    render::{self, Own, Served, Told},
    snapshot::Snapshot,
    stderr::say,
    units,
};

/// Making figures takes at most one part in so many of the time: with ten thousand threads they are renewed less often.
const SHARE: u32 = 50;

/// Adds up what windows bring, and puts it up.
pub struct Exporter {
    board: Arc<Board>,
    service: Service,
    /// Whom it measures, as the user wrote it.
    selector: String,
    /// Where it can be asked.
    address: String,
    verbose: bool,
    so_far: SoFar,
    told: Told,
    latest: Option<Arc<Latest>>,
    unobserved: Duration,
    targets: Option<u64>,
    started_ns: u64,
    has_begun: bool,
    next: Instant,
}

impl Exporter {
    /// Puts up on `board`, which can be read at `address`, what a measurement brings; `top` threads get rows of their own.
    #[must_use]
    pub fn new(options: &Measurement, top: usize, address: String, board: Arc<Board>) -> Self {
        Self {
            board,
            service: Service::of_environment(),
            selector: options.selector(),
            address,
            verbose: options.verbose,
            so_far: SoFar::new(top),
            told: Told::default(),
            latest: None,
            unobserved: Duration::ZERO,
            targets: None,
            started_ns: unix_ns(),
            has_begun: false,
            next: Instant::now(),
        }
    }

    /// It is about to end.
    pub fn stops(&self) {
        self.service.stops();
    }

    /// Puts up how it stands.
    fn post(&mut self) {
        let newest = self.so_far.newest();
        let processes = newest.map_or(&[][..], |recording| &recording.target.processes);
        let targets = processes.iter().filter(|process| collect::lives(process)).count() as u64;
        let own =
            Own { cpu_ns: cpu_ns(), resident_bytes: resident_bytes(), started_ns: self.started_ns, seen_ns: unix_ns() };
        let unobserved_ns = u64::try_from(self.unobserved.as_nanos()).unwrap_or(u64::MAX);
        let served = Served { so_far: &self.so_far, own, targets, unobserved_ns };
        let metrics = render::served(&served, &mut self.told);
        let page = render::status_page(&self.selector, &served);
        let status = format!(
            "{} of {}, {} closed",
            units::counted(targets, "process", "processes"),
            escape(&self.selector),
            units::counted(self.so_far.windows(), "window", "windows"),
        );
        self.board.post(Posted {
            metrics,
            page,
            latest: self.latest.clone(),
            at: Some(Instant::now()),
            waits_for: String::new(),
        });
        self.service.is_well(&status);
        if targets == 0 && self.targets.is_none_or(|before| before > 0) {
            say(&format!("tracer: nobody is there of {}; it goes on", escape(&self.selector)));
        }
        self.targets = Some(targets);
    }
}

impl Observer for Exporter {
    fn waiting(&mut self, selector: &str) {
        say(&format!("waiting for {}", escape(selector)));
        self.service.says(&format!("waiting for {}", escape(selector)));
        self.board.post(Posted { waits_for: selector.to_owned(), ..Posted::nothing() });
    }

    fn started(&mut self, _target: &Target, _start: Timestamp, _duration: Option<Duration>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            say(&format!("tracing {}, serving {}", escape(&self.selector), escape(&self.address)));
        }
        self.next = Instant::now();
    }

    fn interval(&mut self, _interval: &Interval) {}

    fn warning(&mut self, text: &str) {
        say(&format!("tracer: {}", escape(text)));
    }

    fn detail(&mut self, text: &str) {
        if self.verbose {
            say(&format!("tracer: {}", escape(text)));
        }
    }

    fn stop(&self) -> Option<Arc<Notify>> {
        Some(Arc::clone(&self.board.stop))
    }

    fn wants_snapshot(&mut self) -> bool {
        Instant::now() >= self.next
    }

    fn snapshot(&mut self, snapshot: Snapshot, took: Duration) {
        let began = Instant::now();
        self.so_far.see(analysis::recording(&snapshot));
        self.post();
        self.next = Instant::now() + (took + began.elapsed()) * (SHARE - 1);
    }

    fn closed(&mut self, snapshot: Snapshot) {
        let recording = analysis::recording(&snapshot);
        self.latest = Some(Arc::new(Latest::new(recording.clone())));
        self.so_far.close(recording);
        self.post();
    }

    fn unobserved(&mut self, time: Duration) {
        self.unobserved += time;
    }
}

fn unix_ns() -> u64 {
    u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(0)
}

/// CPU time of all threads of this process.
fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// Memory that this process has in use (proc_pid_statm(5)).
fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    pages * rustix::param::page_size() as u64
}
