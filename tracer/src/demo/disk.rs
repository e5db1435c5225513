//! How fast the disk under the cold file is, and which threshold makes its waits visible.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use procfs::process::Process;
use rustix::fs::{Advice, fadvise};

use super::files;
use crate::scratch::{Residency, page_bytes};

const READS_MAX: u64 = 64;
/// A few reads are enough where the disk is slow or throttled.
const READS_MIN: u64 = 8;
const READ_FOR: Duration = Duration::from_secs(1);

/// Cold reads of one page each, by this process's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// How many were timed.
    pub reads: u64,
    /// Half of them took at most this.
    pub median_ns: u64,
    /// A tenth of them took at most this.
    pub p10_ns: u64,
    /// Nine tenths of them took at most this.
    pub p90_ns: u64,
}

impl Disk {
    /// Reads pages of the cold file that no client will ask for.
    ///
    /// Refuses a file system whose "cold" pages come from somewhere other than a disk (a cache of its own):
    /// waits are what the demonstration shows.
    pub(super) fn measure(cold: &File) -> Result<Self> {
        fadvise(cold, 0, None, Advice::Random)?;
        let residency = Residency::of(cold)?;
        let mut page = vec![0; page_bytes() as usize];
        let mut took_ns = Vec::new();
        let read_before = bytes_read_from_disks();
        let began = Instant::now();
        for n in 0..READS_MAX {
            if n >= READS_MIN && began.elapsed() > READ_FOR {
                break;
            }
            let offset = files::probe_offset(n);
            ensure!(residency.absent_pages(offset, page_bytes())? == 1, "a page came into memory unasked");
            let start = Instant::now();
            cold.read_exact_at(&mut page, offset).context("cannot read the cold file")?;
            took_ns.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        if let (Some(before), Some(after)) = (read_before, bytes_read_from_disks()) {
            ensure!(after > before, "its cold pages were read without going to a disk");
        }
        Ok(Self::of(&mut took_ns))
    }

    fn of(took_ns: &mut [u64]) -> Self {
        took_ns.sort_unstable();
        let at = |tenths: usize| took_ns.get((took_ns.len() * tenths).div_ceil(10).max(1) - 1).copied().unwrap_or(0);
        Self { reads: took_ns.len() as u64, median_ns: at(5), p10_ns: at(1), p90_ns: at(9) }
    }

    /// The threshold to trace with: half the median cold read, in two digits, so that a fast disk's waits
    /// are seen too; at least 1 µs, at most the usual 1 ms.
    #[must_use]
    pub fn threshold_ns(&self) -> u64 {
        let half = self.median_ns / 2;
        let unit = 10u64.pow(half.checked_ilog10().unwrap_or(0).saturating_sub(1));
        (half / unit * unit).clamp(1_000, 1_000_000)
    }

    /// How long the cold client leaves between two requests: ten disk reads, so that the event loop is
    /// blocked for about a tenth of its time, within 10 to 200 ms.
    pub(super) fn cold_period(&self) -> Duration {
        Duration::from_nanos(self.median_ns.saturating_mul(10).clamp(10_000_000, 200_000_000))
    }
}

/// What this thread's reads fetched from storage; `None` where the kernel does not account for it.
fn bytes_read_from_disks() -> Option<u64> {
    let tid = rustix::thread::gettid().as_raw_nonzero().get();
    Some(Process::myself().ok()?.task_from_tid(tid).ok()?.io().ok()?.read_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(median_ns: u64) -> Disk {
        Disk { reads: 1, median_ns, p10_ns: median_ns, p90_ns: median_ns }
    }

    #[test]
    fn the_threshold_is_half_a_cold_read_within_its_bounds() {
        let thresholds = [0, 900, 7_900, 74_321, 913_000, 8_000_000].map(|median_ns| disk(median_ns).threshold_ns());
        assert_eq!(thresholds, [1_000, 1_000, 3_900, 37_000, 450_000, 1_000_000]);
    }

    #[test]
    fn the_cold_client_slows_down_with_the_disk() {
        let periods = [50_000, 4_000_000, 900_000_000].map(|median_ns| disk(median_ns).cold_period().as_millis());
        assert_eq!(periods, [10, 40, 200]);
    }

    #[test]
    fn median_and_spread_are_those_of_the_reads() {
        let mut reads: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(Disk::of(&mut reads), Disk { reads: 100, median_ns: 50, p10_ns: 10, p90_ns: 90 });
        assert_eq!(Disk::of(&mut [7]), Disk { reads: 1, median_ns: 7, p10_ns: 7, p90_ns: 7 });
    }
}
