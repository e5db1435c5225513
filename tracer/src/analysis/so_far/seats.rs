//! Which threads get a row of their own. There are a few seats; who has none is told in one row with all others.
//!
//! No figure ever gets less, and all rows together are always the whole:
//!
//! - Seats are given and taken back where windows meet. What a thread did before it had a seat stays with the others.
//! - Who has a seat keeps it while it does anything; after [`PATIENCE`] windows without, its row goes, and all of it moves to the others.
//! - Labels that had a row never get one again: its figures would begin anew.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use super::names::{Names, OTHER};
use crate::model::{Recording, ThreadRef};

/// Windows in which a thread did nothing, after which its seat is for others.
const PATIENCE: u32 = 10;

/// Labels that are remembered to have had a row.
const MOST_FORMER: usize = 10_000;

/// What a thread did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Traced calls.
    pub calls: u64,
    /// Disk waits, in any system call or page fault.
    pub disk_waits: u64,
    /// Their sum, ns.
    pub disk_wait_ns: u64,
}

impl Figures {
    fn add(&mut self, more: Self) {
        self.calls = self.calls.saturating_add(more.calls);
        self.disk_waits = self.disk_waits.saturating_add(more.disk_waits);
        self.disk_wait_ns = self.disk_wait_ns.saturating_add(more.disk_wait_ns);
    }
}

/// What a row says of whom: the name of the process, that of the thread, and its id.
pub type SeatLabels = (String, String, String);

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seated {
    /// Whose.
    pub labels: SeatLabels,
    /// What they did.
    pub figures: Figures,
}

/// What tells a thread from all others: process, id and start.
type ThreadId = (u32, u32, u64);

#[derive(Debug)]
struct Seat {
    labels: SeatLabels,
    figures: Figures,
    idle_windows: u32,
}

/// Who sits, and what all others did.
#[derive(Debug)]
pub struct Seats {
    most: usize,
    seats: BTreeMap<ThreadId, Seat>,
    others: Figures,
    former: VecDeque<SeatLabels>,
}

impl Seats {
    /// So many seats, all of them free.
    pub fn new(most: usize) -> Self {
        Self { most, seats: BTreeMap::new(), others: Figures::default(), former: VecDeque::new() }
    }

    /// A window has closed.
    pub fn close(&mut self, recording: &Recording, names: &Names) {
        let rows = rows_of(recording);
        for seat in self.seats.values_mut() {
            seat.idle_windows += 1;
        }
        let mut standing = Vec::new();
        for (id, (thread, figures)) in rows {
            match self.seats.get_mut(&id) {
                Some(seat) => {
                    seat.figures.add(figures);
                    seat.idle_windows = 0;
                }
                None => {
                    self.others.add(figures);
                    standing.push((id, thread, figures));
                }
            }
        }
        for seat in self.seats.extract_if(.., |_, seat| seat.idle_windows >= PATIENCE).map(|(_, seat)| seat) {
            self.others.add(seat.figures);
            self.former.push_back(seat.labels);
        }
        self.former.drain(..self.former.len().saturating_sub(MOST_FORMER));
        self.give(standing, names);
    }

    /// Gives the free seats to those who waited longest for the disk, then to those who made most calls.
    fn give(&mut self, mut standing: Vec<(ThreadId, &ThreadRef, Figures)>, names: &Names) {
        standing.sort_by_key(|(id, _, figures)| (Reverse(figures.disk_wait_ns), Reverse(figures.calls), *id));
        let mut taken: BTreeSet<_> = self.seats.values().map(|seat| seat.labels.clone()).collect();
        taken.extend(self.former.iter().cloned());
        for (id, thread, _) in standing {
            if self.seats.len() >= self.most {
                break;
            }
            let labels = (names.of(thread.pid).to_owned(), thread.name.clone(), thread.tid.to_string());
            if taken.insert(labels.clone()) {
                self.seats.insert(id, Seat { labels, figures: Figures::default(), idle_windows: 0 });
            }
        }
    }

    /// A row for each seat, and one for all others; with what the open window has brought.
    pub fn rows(&self, open: Option<&Recording>) -> Vec<Seated> {
        let mut now = open.map(rows_of).unwrap_or_default();
        let mut seated: Vec<_> = self
            .seats
            .iter()
            .map(|(id, seat)| {
                let mut figures = seat.figures;
                figures.add(now.remove(id).map(|(_, figures)| figures).unwrap_or_default());
                Seated { labels: seat.labels.clone(), figures }
            })
            .collect();
        let mut others = self.others;
        now.into_values().for_each(|(_, figures)| others.add(figures));
        seated.push(Seated { labels: (OTHER.into(), OTHER.into(), String::new()), figures: others });
        seated
    }
}

/// What each thread did, in all system calls together.
fn rows_of(recording: &Recording) -> BTreeMap<ThreadId, (&ThreadRef, Figures)> {
    let mut rows = BTreeMap::<_, (&ThreadRef, Figures)>::new();
    let mut add = |thread, figures| rows.entry(id_of(thread)).or_insert((thread, Figures::default())).1.add(figures);
    for row in recording.syscalls.iter().flat_map(|syscall| &syscall.threads) {
        add(&row.thread, Figures { calls: row.calls, ..Figures::default() });
    }
    for row in &recording.threads {
        add(&row.thread, Figures { calls: 0, disk_waits: row.disk_waits, disk_wait_ns: row.disk_wait_ns });
    }
    // Who only waited for events would hold a seat for nothing.
    rows.retain(|_, (_, figures)| *figures != Figures::default());
    rows
}

fn id_of(thread: &ThreadRef) -> ThreadId {
    (thread.pid.0, thread.tid.0, thread.start_time_ns)
}
