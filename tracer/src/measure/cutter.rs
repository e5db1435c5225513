//! The window in pieces.

use crate::{
    collect::{self, KernelMaps, Totals},
    options::Measurement,
    snapshot::IntervalData,
};

/// Cuts the window into intervals whose sums are the whole.
pub struct Cutter<'a> {
    opened_ns: u64,
    last: Totals,
    options: &'a Measurement,
}

impl<'a> Cutter<'a> {
    /// From the opening of the window on.
    pub fn new(opened_ns: u64, options: &'a Measurement) -> Self {
        Self { opened_ns, last: Totals::zero(opened_ns, &options.syscalls), options }
    }

    /// The interval from the last cut to this one.
    pub fn cut(&mut self, maps: &KernelMaps, at_ns: u64) -> IntervalData {
        let now = Totals::read(at_ns, maps, &self.options.syscalls);
        let interval = collect::interval(self.opened_ns, &self.last, &now);
        self.last = now;
        interval
    }
}
