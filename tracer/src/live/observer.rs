//! Between the measurement and the view: what is handed over, how often, and what the view asks for.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::{
    Notify,
    mpsc::{Sender, channel},
};

use super::{screen, view::View};
use crate::{
    measure::Observer,
    model::{Interval, Target},
    snapshot::{CallData, Snapshot},
};

/// So many updates may wait for a view that stands still; what comes then is not shown.
const MOST_WAITING: usize = 64;

/// A snapshot and its analysis take at most one part in so many of the time: with ten thousand threads they come less
/// often.
const SHARE: u32 = 10;

/// What the view is told.
pub enum Update {
    /// The window so far.
    Snapshot(Box<Snapshot>),
    /// Calls that have come.
    Calls(Vec<CallData>),
}

/// What both sides look at.
#[derive(Debug, Default)]
pub struct Shared {
    /// Whether a snapshot is being looked at.
    pub is_busy: AtomicBool,
    /// How long the last one took to be analysed, ns.
    pub analysed_ns: AtomicU64,
    /// What ends the window.
    pub stop: Arc<Notify>,
}

/// Shows a measurement on the terminal as it goes; `below` hears of it too.
pub struct Live<O> {
    below: O,
    color: bool,
    shared: Arc<Shared>,
    /// To the view, until the window closes.
    updates: Option<Sender<Update>>,
    screen: Option<JoinHandle<io::Result<()>>>,
    next: Instant,
}

impl<O: Observer> Live<O> {
    /// Nothing is shown before the window opens.
    #[must_use]
    pub fn over(below: O, color: bool) -> Self {
        Self { below, color, shared: Arc::default(), updates: None, screen: None, next: Instant::now() }
    }

    /// Gives the terminal back, if that has not happened yet.
    #[must_use]
    pub fn finish(mut self) -> O {
        self.updates = None;
        // A panic has been told.
        if let Some(Ok(Err(error))) = self.screen.take().map(JoinHandle::join) {
            self.below.warning(&format!("the live view ended early, the terminal fails: {error}"));
        }
        self.below
    }

    fn tell(&mut self, update: Update) -> bool {
        self.updates.as_ref().is_some_and(|updates| updates.try_send(update).is_ok())
    }
}

impl<O: Observer> Observer for Live<O> {
    fn waiting(&mut self, selector: &str) {
        self.below.waiting(selector);
    }

    fn started(&mut self, target: &Target, start: Timestamp, duration: Option<Duration>) {
        self.below.started(target, start, duration);
        let (updates, received) = channel(MOST_WAITING);
        let shared = Arc::clone(&self.shared);
        let view = View { duration, ..View::new(self.color) };
        let screen = std::thread::Builder::new().name("live-view".into());
        match screen.spawn(move || screen::run(received, &shared, view)) {
            Ok(screen) => (self.updates, self.screen) = (Some(updates), Some(screen)),
            Err(error) => self.below.warning(&format!("no live view: cannot start a thread: {error}")),
        }
    }

    fn closing(&mut self) {
        // The view ends by itself, while what is left is collected.
        self.updates = None;
        self.below.closing();
    }

    fn recorded(&mut self, interval: &Interval) {
        self.below.recorded(interval);
    }

    fn interval(&mut self, interval: &Interval) {
        self.below.interval(interval);
    }

    fn warning(&mut self, text: &str) {
        self.below.warning(text);
    }

    fn detail(&mut self, text: &str) {
        self.below.detail(text);
    }

    fn stop(&self) -> Option<Arc<Notify>> {
        Some(Arc::clone(&self.shared.stop))
    }

    fn wants_snapshot(&mut self) -> bool {
        let is_there = self.updates.as_ref().is_some_and(|updates| !updates.is_closed());
        is_there && !self.shared.is_busy.load(Ordering::Acquire) && Instant::now() >= self.next
    }

    fn snapshot(&mut self, snapshot: Snapshot, took: Duration) {
        self.shared.is_busy.store(true, Ordering::Release);
        let analysed = Duration::from_nanos(self.shared.analysed_ns.load(Ordering::Relaxed));
        self.next = Instant::now() + (took + analysed) * (SHARE - 1);
        if !self.tell(Update::Snapshot(Box::new(snapshot))) {
            self.shared.is_busy.store(false, Ordering::Release);
        }
    }

    fn slow_calls(&mut self, calls: Vec<CallData>) {
        if !calls.is_empty() {
            self.tell(Update::Calls(calls));
        }
    }
}
