//! The window in pieces.

use crate::{
    collect::{self, KernelMaps, Totals},
    snapshot::IntervalData,
};

/// Cuts the window into intervals whose sums are the whole.
pub struct Cutter<'a> {
    opened_ns: u64,
    last: Totals,
    maps: &'a KernelMaps,
}

impl<'a> Cutter<'a> {
    /// From the opening of the window on.
    pub fn new(opened_ns: u64, maps: &'a KernelMaps) -> Self {
        Self { opened_ns, last: Totals::zero(opened_ns, maps.syscalls()), maps }
    }

    /// The interval from the last cut to this one.
    pub fn cut(&mut self, at_ns: u64) -> IntervalData {
        let now = Totals::read(at_ns, self.maps);
        let interval = collect::interval(self.opened_ns, &self.last, &now);
        self.last = now;
        interval
    }
}
