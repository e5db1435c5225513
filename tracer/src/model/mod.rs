//! The recording: what one measurement says, as types. Pure data, no kernel, no file system, no clock.
//!
//! Their JSON form is a published contract (`schema_version` 1): within a version fields are added, never
//! changed. Times are integers in ns, sizes integers in bytes; unknown is null, not applicable is absent.

pub mod culprit;
mod event_loop;
mod histogram;
mod ids;
mod line;
mod page_cache;
mod probe;
mod program;
mod recording;
mod run;
mod stack;
mod survey;
mod syscall;
mod thread;
mod verdict;

pub use culprit::{ClientCalls, FileCalls, Out, SlowCallRecord};
pub use event_loop::{EventLoop, IntervalLoop, TurnWait, WorstTurn};
pub use histogram::{Histogram, HistogramBuilder};
pub use ids::{Pid, Tid};
pub use line::IntervalLine;
pub use page_cache::{FileUse, PAGE_BYTES, PageCache, PagesRead, ThreadPages, memory_share};
pub use probe::{Losses, Mechanism, Probe, ProbeStatus};
pub use program::program;
pub use recording::{
    Host, Interval, IntervalSyscall, Process, Recording, SCHEMA_VERSION, SparseHistogram, Target, Tool, Window,
};
pub use run::{Run, RunSyscall};
pub use stack::{Stack, StackThread};
pub use survey::{ProbeTrial, ProgramTrial, RungTrial};
pub use syscall::{ByCause, InFlight, ProcessCalls, SyscallRecord, ThreadCalls, TimeNs};
pub use thread::{PAGE_FAULT, Role, StillWaiting, SyscallWaits, ThreadIdentity, ThreadRecord, ThreadRef};
pub use verdict::{Status, Verdict};
