//! Which pages of a file are in memory, and how to get them out.

use std::{
    fs::File,
    net::{Ipv4Addr, UdpSocket},
    num::NonZeroU64,
    os::fd::AsFd,
    ptr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustix::{
    fs::{Advice, fadvise, fsync},
    mm::{MapFlags, ProtFlags, mmap, munmap},
    thread::{CpuSet, sched_getaffinity},
};

use super::schedule::pin_to;

/// Bytes in a page.
pub const PAGE_BYTES: u64 = 4096;

/// A file mapped only to be asked about: no page of the mapping is ever touched.
pub struct PageCache {
    mapping: *mut libc::c_void,
    pages: usize,
}

// SAFETY: the mapping is the process', whichever thread asks about it.
unsafe impl Send for PageCache {}

impl PageCache {
    /// Of a file that keeps its present length.
    ///
    /// # Errors
    /// If the file is empty or cannot be mapped.
    pub fn of(file: &File) -> Result<Self> {
        let pages = usize::try_from(file.metadata()?.len().div_ceil(PAGE_BYTES))?;
        ensure!(pages > 0, "an empty file has no pages");
        // SAFETY: a fresh mapping at an address of the kernel's choice, unmapped on drop and never read.
        let mapping = unsafe {
            mmap(ptr::null_mut(), pages * PAGE_BYTES as usize, ProtFlags::READ, MapFlags::SHARED, file.as_fd(), 0)
        }
        .context("mapping the file to ask for its cached pages")?;
        Ok(Self { mapping, pages })
    }

    /// Number of pages of the file.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// Whether each page of `range` (in pages) is in memory and up to date. Changes nothing.
    ///
    /// # Panics
    /// If the range leaves the file.
    #[must_use]
    pub fn cached(&self, range: std::ops::Range<usize>) -> Vec<bool> {
        assert!(range.start <= range.end && range.end <= self.pages, "pages outside of the file");
        let mut residence = vec![0_u8; range.len()];
        // SAFETY: the range lies inside the mapping, and the vector has one byte for each of its pages.
        let status = unsafe {
            libc::mincore(
                self.mapping.byte_add(range.start * PAGE_BYTES as usize),
                range.len() * PAGE_BYTES as usize,
                residence.as_mut_ptr(),
            )
        };
        assert_eq!(status, 0, "mincore: {}", std::io::Error::last_os_error());
        residence.iter().map(|byte| byte & 1 == 1).collect()
    }

    /// Whether each page of the file is in memory, once reads in flight have ended: the answer must stay
    /// the same for `quiet`, and does within ten seconds.
    ///
    /// # Errors
    /// If pages keep coming.
    pub fn settled(&self, quiet: Duration) -> Result<Vec<bool>> {
        let limit = Instant::now() + Duration::from_secs(10);
        let mut last = self.cached(0..self.pages);
        let mut since = Instant::now();
        while since.elapsed() < quiet {
            ensure!(Instant::now() < limit, "pages kept coming into the page cache for ten seconds");
            std::thread::sleep(Duration::from_millis(1));
            let now = self.cached(0..self.pages);
            if now != last {
                last = now;
                since = Instant::now();
            }
        }
        Ok(last)
    }
}

impl Drop for PageCache {
    fn drop(&mut self) {
        // SAFETY: maps exactly what `of` mapped; nothing borrows from it.
        let _ = unsafe { munmap(self.mapping, self.pages * PAGE_BYTES as usize) };
    }
}

/// Writes the file out and drops its pages from memory.
///
/// # Errors
/// If pages stay, as on a file system that lives in memory.
pub fn evict(file: &File) -> Result<()> {
    fsync(file).context("writing the file out before its eviction")?;
    let cache = PageCache::of(file)?;
    // A page that is under I/O or still sits in another CPU's batch stays: ask again.
    for _ in 0..100 {
        fadvise(file, 0, None, Advice::DontNeed).context("evicting the file")?;
        if !cache.cached(0..cache.pages()).contains(&true) {
            return Ok(());
        }
        let_go_of_sent_pages()?;
        std::thread::sleep(Duration::from_millis(10));
    }
    anyhow::bail!("the file stays in memory: use a directory on a disk, not on tmpfs");
}

/// A packet that holds pages of a file may be with a CPU that has not freed it yet: it does when it next receives one.
fn let_go_of_sent_pages() -> Result<()> {
    std::thread::scope(|scope| scope.spawn(receive_on_each_cpu).join().expect("receiving cannot panic"))
}

/// Moves the calling thread.
fn receive_on_each_cpu() -> Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("a socket")?;
    let allowed = sched_getaffinity(None).context("asking for the thread's CPUs")?;
    for cpu in (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)) {
        pin_to(cpu)?;
        // On the loopback device the CPU that sends also receives.
        socket.send_to(&[0], socket.local_addr()?).context("sending a packet to oneself")?;
        socket.recv(&mut [0]).context("receiving it")?;
    }
    Ok(())
}

/// Reads each page alone: no read-ahead.
///
/// # Errors
/// If the file system refuses the advice.
pub fn forbid_read_ahead(file: &File) -> Result<()> {
    fadvise(file, 0, None::<NonZeroU64>, Advice::Random).context("switching read-ahead off")
}
