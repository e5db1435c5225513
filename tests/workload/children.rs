//! A process and its children, each of which makes a number of calls of its own.

use std::{
    fs::File,
    io,
    os::fd::AsFd,
    path::Path,
    ptr::NonNull,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use clap::Args;
use tests::truth::{ThreadTruth, Truth};

use crate::{meter::Call, protocol, source};

/// Bytes of each call.
const BYTES: usize = 100;

/// What to do.
#[derive(Args)]
pub struct Options {
    /// Children that exist before the work
    #[arg(long, default_value_t = 0)]
    before: u32,
    /// Children that are forked by the work
    #[arg(long, default_value_t = 0)]
    after: u32,
    /// Children that each of these forks
    #[arg(long, default_value_t = 0)]
    grandchildren: u32,
    /// Children of the work in a second; as fast as can be without it
    #[arg(long)]
    rate: Option<u32>,
    /// The n-th makes so many calls, and n modulo 5
    #[arg(long, default_value_t = 10)]
    calls: u32,
    /// Grandchildren work only once the first process has ended; its truth is what they will do
    #[arg(long)]
    outlive: bool,
}

/// What a child has done: it writes, the first process reads.
#[repr(C)]
struct Row {
    pid: AtomicU32,
    calls: AtomicU32,
}

/// Memory that all of them share.
struct Table {
    rows: NonNull<Row>,
    length: usize,
    /// Not 0: those that exist before the work may begin.
    go: NonNull<AtomicU32>,
}

impl Table {
    fn new(length: usize) -> Result<Self> {
        let bytes = 64 + length * size_of::<Row>();
        let (read_write, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address that the kernel chooses, zeroed, and kept for the life of the process.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, read_write, shared, -1, 0) };
        ensure!(start != libc::MAP_FAILED, "no shared memory: {}", io::Error::last_os_error());
        let Some(go) = NonNull::new(start.cast::<AtomicU32>()) else { bail!("mapped at address 0") };
        // SAFETY: 64 bytes into the mapping, where the rows begin.
        let rows = unsafe { go.cast::<u8>().add(64) }.cast();
        Ok(Self { rows, length, go })
    }

    fn row(&self, index: usize) -> &Row {
        assert!(index < self.length, "row {index} of {}", self.length);
        // SAFETY: in range of the mapping; zero is a row, and its members are atomics.
        unsafe { self.rows.add(index).as_ref() }
    }

    fn go(&self) -> &AtomicU32 {
        // SAFETY: the start of the mapping.
        unsafe { self.go.as_ref() }
    }
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let file = source::hot(directory, "hot", BYTES as u64)?;
    let null = File::options().write(true).open("/dev/null")?;
    let children = (options.before + options.after) as usize;
    let table = Table::new(children * (1 + options.grandchildren as usize))?;
    let due = |index: usize| options.calls + index as u32 % 5;
    let first = std::process::id();
    let work = |index: usize| {
        let row = table.row(index);
        for _ in 0..due(index) {
            if (Call { source: file.as_fd(), out: null.as_fd(), offset: 0, bytes: BYTES }).make() == BYTES as i64 {
                row.calls.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let child = |index: usize| {
        table.row(index).pid.store(std::process::id(), Ordering::Relaxed);
        let eldest = children + index * options.grandchildren as usize;
        for grandchild in eldest..eldest + options.grandchildren as usize {
            // A fork that fails leaves its row empty, which the test sees.
            let _ = fork(|| {
                table.row(grandchild).pid.store(std::process::id(), Ordering::Relaxed);
                if options.outlive {
                    while lives(first) {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    // Long enough for somebody who only waits for the first process to leave.
                    std::thread::sleep(Duration::from_millis(300));
                }
                work(grandchild);
            });
        }
        work(index);
        if !options.outlive {
            reap_all();
        }
    };
    for index in 0..options.before as usize {
        fork(|| {
            while table.go().load(Ordering::Acquire) == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            child(index);
        })?;
    }
    protocol::ready("children", &[])?;
    table.go().store(1, Ordering::Release);
    let began = Instant::now();
    for number in 0..options.after {
        if let Some(rate) = options.rate {
            let due = Duration::from_secs(1) * number / rate;
            std::thread::sleep(due.saturating_sub(began.elapsed()));
        }
        fork(|| child((options.before + number) as usize))?;
        reap_ended();
    }
    reap_all();
    let mut threads = Vec::new();
    for index in 0..table.length {
        let row = table.row(index);
        while options.outlive && row.pid.load(Ordering::Relaxed) == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let is_to_come = options.outlive && index >= children;
        let calls = u64::from(if is_to_come { due(index) } else { row.calls.load(Ordering::Relaxed) });
        threads.push(ThreadTruth {
            tid: row.pid.load(Ordering::Relaxed),
            calls,
            bytes: calls * BYTES as u64,
            ..ThreadTruth::default()
        });
    }
    let mut own = ThreadTruth { tid: first, ..ThreadTruth::default() };
    own.count(Call { source: file.as_fd(), out: null.as_fd(), offset: 0, bytes: BYTES }.make());
    threads.push(own);
    protocol::done(&Truth { threads })
}

/// Runs `work` in a child, which ends with it.
fn fork(work: impl FnOnce()) -> Result<u32> {
    // SAFETY: this process has one thread, so its child finds every lock free.
    match unsafe { libc::fork() } {
        -1 => bail!("fork: {}", io::Error::last_os_error()),
        0 => {
            work();
            // SAFETY: ends the child without running what its parent has to do at its end.
            unsafe { libc::_exit(0) }
        }
        pid => Ok(pid.unsigned_abs()),
    }
}

/// Whether there is a process with this id.
fn lives(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Waits for children that have ended already.
fn reap_ended() {
    // SAFETY: no status is asked for.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
}

/// Waits for all children.
fn reap_all() {
    // SAFETY: no status is asked for.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) } > 0 {}
}
