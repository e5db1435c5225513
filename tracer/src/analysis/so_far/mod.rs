//! What window after window has brought, added up: what an exporter tells. Each figure only grows.

mod names;
mod seats;
mod sums;

use self::{names::Names, seats::Seats};
pub use self::{
    seats::{Figures, Seated},
    sums::{ProcessCallsKey, Sums},
};
use crate::model::Recording;

/// All windows that have closed, and the one that is open.
#[derive(Debug)]
pub struct SoFar {
    closed: Sums,
    open: Option<Recording>,
    latest: Option<Recording>,
    names: Names,
    seats: Seats,
    windows: u64,
    across: u64,
}

impl SoFar {
    /// Nothing yet; `top` threads get a row of their own.
    #[must_use]
    pub fn new(top: usize) -> Self {
        Self {
            closed: Sums::default(),
            open: None,
            latest: None,
            names: Names::default(),
            seats: Seats::new(top),
            windows: 0,
            across: 0,
        }
    }

    /// What the open window has brought so far.
    pub fn see(&mut self, recording: Recording) {
        self.names.learn(&recording);
        self.open = Some(recording);
    }

    /// What a window has brought that has closed.
    pub fn close(&mut self, recording: Recording) {
        self.names.learn(&recording);
        self.closed.add(&recording, &self.names);
        self.seats.close(&recording, &self.names);
        self.names.forget();
        self.windows += 1;
        self.across = self.across.saturating_add(left_in_flight(&recording));
        self.open = None;
        self.latest = Some(recording);
    }

    /// The sums of all of it.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut sums = self.closed.clone();
        if let Some(open) = &self.open {
            sums.add(open, &self.names);
        }
        sums
    }

    /// The threads with a row of their own, and the others as one.
    #[must_use]
    pub fn threads(&self) -> Vec<Seated> {
        self.seats.rows(self.open.as_ref())
    }

    /// The latest window that has closed.
    #[must_use]
    pub fn latest(&self) -> Option<&Recording> {
        self.latest.as_ref()
    }

    /// The open window so far, or else the latest.
    #[must_use]
    pub fn newest(&self) -> Option<&Recording> {
        self.open.as_ref().or(self.latest.as_ref())
    }

    /// Calls that had begun in a window and not returned when it closed: they are counted in none.
    #[must_use]
    pub fn across(&self) -> u64 {
        self.across
    }

    /// How many windows have closed.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.windows
    }
}

/// Calls that began in this window and had not returned when it closed.
fn left_in_flight(recording: &Recording) -> u64 {
    let calls = recording.syscalls.iter().flat_map(|syscall| &syscall.in_flight);
    calls.filter(|call| call.since_ns.is_some() && call.returned_at_ns.is_none()).count() as u64
}

#[cfg(test)]
mod tests;
