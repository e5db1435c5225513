//! The system calls of both sides, each with all runs of a side put together.

use crate::{
    model::{Histogram, IntervalSyscall, Recording, SyscallRecord},
    render::html::facts,
};

/// System calls that charts are drawn for.
pub const CHARTS_MAX: usize = 6;

/// A system call of both sides.
pub struct Call<'a> {
    name: &'a str,
    direction: Option<&'a str>,
    /// As its rows show it.
    pub label: String,
    /// The latency of all runs of a side, old and new; empty if none made such a call.
    pub sides: [Histogram; 2],
}

impl Call<'_> {
    fn is(&self, row: &SyscallRecord) -> bool {
        row.name == self.name && row.direction.as_deref() == self.direction
    }

    /// Whether a row of an interval is of it.
    pub fn is_interval(&self, row: &IntervalSyscall) -> bool {
        row.name == self.name && row.direction.as_deref() == self.direction
    }

    /// Calls of both sides.
    pub fn calls(&self) -> u64 {
        self.sides[0].count().saturating_add(self.sides[1].count())
    }
}

/// Those that were called, most calls first.
pub fn all<'a>(sides: [&[&'a Recording]; 2]) -> Vec<Call<'a>> {
    let mut calls: Vec<Call<'a>> = Vec::new();
    for (side, recordings) in sides.into_iter().enumerate() {
        for row in recordings.iter().flat_map(|recording| &recording.syscalls) {
            let place = calls.iter().position(|call| call.is(row)).unwrap_or_else(|| {
                calls.push(Call {
                    name: &row.name,
                    direction: row.direction.as_deref(),
                    label: facts::label(row),
                    sides: [Histogram::default(), Histogram::default()],
                });
                calls.len() - 1
            });
            let sum = &mut calls[place].sides[side];
            // A sum beyond what fits is nobody's measurement.
            if let Some(more) = sum.plus(&row.latency) {
                *sum = more;
            }
        }
    }
    calls.retain(|call| call.calls() > 0);
    calls.sort_by_key(|call| std::cmp::Reverse(call.calls()));
    calls
}

/// What is said where charts are drawn for some of them only.
pub fn busiest_only(calls: usize) -> Option<String> {
    (calls > CHARTS_MAX).then(|| format!("Drawn for the {CHARTS_MAX} system calls with most calls, of {calls}."))
}
