//! A piece of the window by itself, written as soon as it is over.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Interval, IntervalSyscall, SCHEMA_VERSION, Target};

/// One line of JSON for a piece of the window. The lines of a measurement add up to its recording exactly.
///
/// What is known at the end only is in the recording alone: the roles of threads, losses, the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalLine {
    /// As that of a recording.
    pub schema_version: u32,
    /// Name of the machine.
    pub hostname: String,
    /// The options that chose the target.
    pub selector: String,
    /// A call of at least this is slow.
    pub threshold_ns: u64,
    /// Wall clock at the window's start.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// The piece's start, from the window's.
    pub at_ns: u64,
    /// How long it was.
    pub duration_ns: u64,
    /// What returned in it.
    pub syscalls: Vec<IntervalSyscall>,
}

impl IntervalLine {
    /// The line of a measurement's first piece, without length.
    #[must_use]
    pub fn first(hostname: String, target: &Target, threshold_ns: u64, start: Timestamp) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            hostname,
            selector: target.selector.clone(),
            threshold_ns,
            start,
            at_ns: 0,
            duration_ns: 0,
            syscalls: Vec::new(),
        }
    }

    /// The line of another piece of the same measurement.
    #[must_use]
    pub fn of(&self, interval: &Interval) -> Self {
        let Interval { at_ns, duration_ns, ref syscalls, hostname: _, event_loops: _ } = *interval;
        Self { at_ns, duration_ns, syscalls: syscalls.clone(), ..self.clone() }
    }
}
