//! Who is told how a measurement goes.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::{
    model::{Interval, Target},
    snapshot::{CallData, Snapshot},
};

/// Who is told how a measurement goes.
pub trait Observer {
    /// All probes are attached, and nobody is there yet whom they could observe.
    fn waiting(&mut self, _selector: &str) {}
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
    /// By what it asks for the window to be closed, if it ever does. Asked once, before the window opens.
    fn stop(&self) -> Option<Arc<Notify>> {
        None
    }
    /// Whether it wants to see now what the window has brought so far.
    fn wants_snapshot(&mut self) -> bool {
        false
    }
    /// What the window has brought so far, and how long it took to find out.
    fn snapshot(&mut self, _snapshot: Snapshot, _took: Duration) {}
    /// Whether it wants [`slow_calls`](Self::slow_calls). Asked once, before the window opens.
    fn shows_slow_calls(&self) -> bool {
        false
    }
    /// The newest slow and disk-blocked calls, in the order in which they came.
    fn slow_calls(&mut self, _calls: Vec<CallData>) {}
    /// A window has closed after which another one opens, and what it has brought.
    fn closed(&mut self, _snapshot: Snapshot) {}
    /// For so long no window was open before the one that opens now.
    fn unobserved(&mut self, _time: Duration) {}
}
