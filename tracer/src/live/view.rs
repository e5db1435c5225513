//! What the person at the terminal looks at: how the threads are sorted, which are left out, which one is chosen.
//! Changed by commands alone, and without looking at a clock or a terminal.

use std::{cmp::Reverse, time::Duration};

use super::{
    keys::Command,
    seen::{Seen, ThreadId, ThreadRow, id_of},
};
use crate::model::{SlowCallRecord, ThreadRef};

/// The longest filter.
const MOST_LETTERS: usize = 64;

/// What the threads are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Time that they waited for the disk: the most first.
    #[default]
    Waited,
    /// Disk-blocked calls, likewise.
    DiskBlocked,
    /// Calls, likewise.
    Calls,
    /// 99th percentile, likewise.
    P99,
    /// The longest call, likewise.
    Max,
    /// Connections behind, likewise.
    Behind,
    /// Their id: the least first.
    Tid,
    /// Their name, in the order of the alphabet.
    Name,
}

impl Sort {
    const ALL: [Self; 8] =
        [Self::Waited, Self::DiskBlocked, Self::Calls, Self::P99, Self::Max, Self::Behind, Self::Tid, Self::Name];

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|&sort| sort == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// What the latencies of the last minute are drawn as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chart {
    /// By time and latency.
    #[default]
    HeatMap,
    /// By latency alone.
    Histogram,
}

/// What the person looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Whether colours are wanted. They never say more than the words.
    pub color: bool,
    /// How long the window will be; `None`: until somebody ends it.
    pub duration: Option<Duration>,
    /// Whether what is shown stays as it is; the measurement goes on.
    pub is_paused: bool,
    /// By what the threads are sorted.
    pub sort: Sort,
    /// Whether they are sorted the other way round.
    pub is_reversed: bool,
    /// What the names, ids or files of what is shown hold.
    pub filter: String,
    /// Whether the filter is being written.
    pub is_writing: bool,
    /// The thread that is chosen in the list; `None`: nobody has chosen yet.
    pub chosen: Option<ThreadId>,
    /// The thread that is shown alone.
    pub opened: Option<ThreadId>,
    /// What latencies are drawn as.
    pub chart: Chart,
    /// Whether the keys are explained.
    pub shows_help: bool,
}

impl View {
    /// As it begins.
    #[must_use]
    pub fn new(color: bool) -> Self {
        Self { color, ..Self::default() }
    }

    /// Does what is asked for, with this on the screen. [`Command::Quit`] is not for the view.
    pub fn apply(&mut self, command: Command, seen: &Seen) {
        match command {
            Command::Quit => {}
            Command::Pause => self.is_paused = !self.is_paused,
            Command::Sort => self.sort = self.sort.next(),
            Command::Reverse => self.is_reversed = !self.is_reversed,
            Command::Filter => self.is_writing = true,
            Command::Type(letter) if self.filter.chars().count() < MOST_LETTERS => self.filter.push(letter),
            Command::Type(_) => {}
            Command::Erase => drop(self.filter.pop()),
            Command::Move(rows) => {
                self.choose(seen, |at, last| at.map_or(0, |at| at.saturating_add_signed(rows).min(last)))
            }
            Command::First => self.choose(seen, |_, _| 0),
            Command::Last => self.choose(seen, |_, last| last),
            Command::Enter if self.is_writing => self.is_writing = false,
            Command::Enter => self.opened = self.opened.or_else(|| self.chosen_or_first(seen)),
            Command::Back => self.back(),
            Command::Chart => {
                self.chart = match self.chart {
                    Chart::HeatMap => Chart::Histogram,
                    Chart::Histogram => Chart::HeatMap,
                };
            }
            Command::Help => self.shows_help = !self.shows_help,
        }
    }

    /// One step back, the last one first.
    fn back(&mut self) {
        if self.shows_help {
            self.shows_help = false;
        } else if self.is_writing {
            self.is_writing = false;
            self.filter.clear();
        } else if self.opened.is_some() {
            self.opened = None;
        } else {
            self.filter.clear();
        }
    }

    fn choose(&mut self, seen: &Seen, place: impl FnOnce(Option<usize>, usize) -> usize) {
        let rows = self.rows(seen);
        let at = rows.iter().position(|row| Some(id_of(&row.thread)) == self.chosen);
        if let Some(row) = rows.get(place(at, rows.len().saturating_sub(1))) {
            self.chosen = Some(id_of(&row.thread));
            // In the view of one thread, the keys go from one to the next.
            self.opened = self.opened.and(self.chosen);
        }
    }

    fn chosen_or_first(&self, seen: &Seen) -> Option<ThreadId> {
        let rows = self.rows(seen);
        let chosen = rows.iter().find(|row| Some(id_of(&row.thread)) == self.chosen);
        chosen.or(rows.first()).map(|row| id_of(&row.thread))
    }

    /// The threads to show, in order.
    #[must_use]
    pub fn rows<'a>(&self, seen: &'a Seen) -> Vec<&'a ThreadRow> {
        let mut rows: Vec<_> = seen.threads.iter().filter(|row| self.lets_thread_pass(&row.thread, seen)).collect();
        let tie = |row: &ThreadRow| (Reverse(row.calls), row.thread.tid, row.thread.pid);
        match self.sort {
            Sort::Waited => rows.sort_by_key(|row| (Reverse(row.waited_ns), tie(row))),
            Sort::DiskBlocked => rows.sort_by_key(|row| (Reverse(row.disk_blocked), tie(row))),
            Sort::Calls => rows.sort_by_key(|row| tie(row)),
            Sort::P99 => rows.sort_by_key(|row| (Reverse(row.p99_ns), tie(row))),
            Sort::Max => rows.sort_by_key(|row| (Reverse(row.max_ns), tie(row))),
            Sort::Behind => rows.sort_by_key(|row| (Reverse(row.behind), tie(row))),
            Sort::Tid => rows.sort_by_key(|row| (row.thread.pid, row.thread.tid)),
            Sort::Name => rows.sort_by_key(|row| (&row.thread.name, row.thread.tid)),
        }
        if self.is_reversed {
            rows.reverse();
        }
        rows
    }

    /// The slow calls to show, the newest first.
    pub fn calls<'a>(&self, seen: &'a Seen) -> impl Iterator<Item = &'a SlowCallRecord> {
        let passes = |call: &&SlowCallRecord| match self.opened {
            Some(opened) => id_of(&call.thread) == opened,
            None => self.lets_name_pass(&call.thread) || self.lets_call_pass(call),
        };
        seen.calls.iter().rev().filter(passes).collect::<Vec<_>>().into_iter()
    }

    /// Whether a thread is shown: by its own name or ids, or by what one of its slow calls was about.
    fn lets_thread_pass(&self, thread: &ThreadRef, seen: &Seen) -> bool {
        let of_thread = |call: &&SlowCallRecord| id_of(&call.thread) == id_of(thread);
        self.lets_name_pass(thread) || seen.calls.iter().filter(of_thread).any(|call| self.lets_call_pass(call))
    }

    fn lets_name_pass(&self, thread: &ThreadRef) -> bool {
        self.filter.is_empty()
            || self.matches(&thread.name)
            || self.matches(&thread.comm)
            || self.matches(thread.role.label())
            || self.matches(&thread.tid.to_string())
            || self.matches(&thread.pid.to_string())
    }

    fn lets_call_pass(&self, call: &SlowCallRecord) -> bool {
        [&call.path, &call.client].into_iter().flatten().any(|text| self.matches(text)) || self.matches(&call.syscall)
    }

    fn matches(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.filter.to_lowercase())
    }
}
