//! What is allowed.

use crate::gate::slo::Slo;

/// Which calls a limit is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those of each family that made any, each together.
    EachFamily,
    /// Those of one family, by the name of its command.
    Family(String),
    /// Those of one system call.
    Syscall(String),
}

/// A limit that somebody set.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit {
    /// 99 % of the calls take at most so long, ns.
    P99(Of, u64),
    /// At most this share of the calls is slow: of at least the threshold of the recording.
    Slow(Of, f64),
    /// At most this share of the calls waits for the disk.
    DiskBlocked(Of, f64),
    /// No event loop waits for the disk longer than so many ns in a second of the window.
    EventLoopBlocked(u64),
    /// The recording's own verdict: no event loop was blocked.
    NoBlockedEventLoop,
}

/// All that is asked of a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Limits, in the order in which they are shown.
    pub limits: Vec<Limit>,
    /// Objectives.
    pub slos: Vec<Slo>,
}
