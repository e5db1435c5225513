//! Event loops that wait for readiness by each means there is, and know how long their turns took.

use std::{
    fs::File,
    hint::spin_loop,
    io::Write,
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::{fs::FileExt, net::UnixStream},
    },
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use io_uring::{IoUring, opcode, types::Fd};
use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, EventData, EventFlags},
    io::retry_on_intr,
    time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime},
};
use tests::{
    os::{
        clock::monotonic_ns,
        page_cache::{PAGE_BYTES, evict, forbid_read_ahead},
        schedule::become_real_time,
    },
    truth::{ThreadTruth, Truth, TurnTruth},
};

use crate::{
    crew::{Crew, this_thread},
    older, protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Turns of each event loop
    #[arg(long, default_value_t = 200)]
    turns: u64,
}

/// By what means an event loop waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    EpollWait,
    EpollPwait2,
    Poll,
    Ppoll,
    Select,
    Pselect,
    IoUring,
    /// A ring that the thread has registered, as libraries do to save time.
    RegisteredRing,
}

/// All of them, in the order of the threads.
const ALL: [Means; 9] = [
    Means::EpollWait,
    Means::EpollPwait2,
    Means::Poll,
    Means::Ppoll,
    Means::Select,
    Means::Pselect,
    Means::IoUring,
    Means::RegisteredRing,
    Means::RegisteredRing,
];

/// Connections of an event loop.
const CONNECTIONS: usize = 4;

/// Some turns wait for the disk …
const DISK_EVERY: u64 = 10;
/// … some begin without having waited, since something was ready …
const READY_EVERY: u64 = 3;
/// … and some poll a descriptor of their own, as a resolver does.
const NESTED_EVERY: u64 = 5;

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let turns = options.turns;
    let cold = Arc::new(source::hot(directory, "cold", ALL.len() as u64 * turns * PAGE_BYTES)?);
    evict(&cold)?;
    forbid_read_ahead(&cold)?;
    let loops = (0..).zip(ALL).map(|(number, means)| {
        let cold = Arc::clone(&cold);
        move || EventLoop::new(means)?.turn(turns, &cold, number * turns)
    });
    let crew = Crew::assemble(loops.collect())?;
    protocol::ready("readiness", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

/// What an event loop waits on: connections, and a timer that ends a wait.
struct EventLoop {
    means: Means,
    connections: Vec<(UnixStream, UnixStream)>,
    timer: OwnedFd,
    epoll: OwnedFd,
    ring: IoUring,
}

impl EventLoop {
    fn new(means: Means) -> Result<Self> {
        let connections = (0..CONNECTIONS).map(|_| UnixStream::pair()).collect::<Result<Vec<_>, _>>()?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        for (number, (watched, _)) in (0..).zip(&connections) {
            watched.set_nonblocking(true)?;
            epoll::add(&epoll, watched, EventData::new_u64(number), EventFlags::IN)?;
        }
        epoll::add(&epoll, &timer, EventData::new_u64(u64::MAX), EventFlags::IN)?;
        let ring = IoUring::new(16).context("making an io_uring")?;
        Ok(Self { means, connections, timer, epoll, ring })
    }

    /// So many turns, and the wait that ends the last of them.
    fn turn(&mut self, turns: u64, cold: &File, first_page: u64) -> Result<ThreadTruth> {
        // Or another thread may run between a reading of the clock and a wait.
        become_real_time()?;
        let mut truth = this_thread()?;
        let nested = UnixStream::pair()?;
        let mut block = [0; PAGE_BYTES as usize];
        for turn in 0..=turns {
            if turn % READY_EVERY == 0 {
                (&self.connections[turn as usize % CONNECTIONS].1).write_all(b"x")?;
            } else {
                self.set_timer(Duration::from_micros(500))?;
            }
            let waits_at_ns = monotonic_ns();
            if let Some(last) = truth.turns.last_mut() {
                last.latency_ns = waits_at_ns - last.began_at_ns;
            }
            self.wait()?;
            let began_at_ns = monotonic_ns();
            truth.waiting_ns += began_at_ns - waits_at_ns;
            truth.calls += 1;
            if turn == turns {
                break;
            }
            self.take_in(&mut block)?;
            let mut disk_ns = 0;
            if turn % DISK_EVERY == 0 {
                let read_at_ns = monotonic_ns();
                cold.read_exact_at(&mut block, (first_page + turn) * PAGE_BYTES)?;
                disk_ns = monotonic_ns() - read_at_ns;
            }
            if turn % NESTED_EVERY == 0 {
                poll_one(nested.0.as_raw_fd(), 1)?;
            }
            while monotonic_ns() - began_at_ns < 50_000 + turn % 7 * 100_000 {
                spin_loop();
            }
            truth.turns.push(TurnTruth { began_at_ns, latency_ns: 0, disk_ns });
        }
        Ok(truth)
    }

    fn set_timer(&self, time: Duration) -> Result<()> {
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: Timespec::try_from(time)? };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }

    /// Everything that may be ready.
    fn take_in(&self, block: &mut [u8]) -> Result<()> {
        let _ = rustix::io::read(&self.timer, &mut block[..8]);
        for (watched, _) in &self.connections {
            let _ = rustix::io::read(watched, &mut *block);
        }
        Ok(())
    }

    fn descriptors(&self) -> impl Iterator<Item = RawFd> + '_ {
        self.connections.iter().map(|(watched, _)| watched.as_raw_fd()).chain([self.timer.as_raw_fd()])
    }

    /// One readiness wait.
    fn wait(&mut self) -> Result<()> {
        match self.means {
            Means::EpollWait => {
                let mut events = [libc::epoll_event { events: 0, u64: 0 }; 8];
                let number = older::number(older::EPOLL_WAIT, "epoll_wait")?;
                // SAFETY: as many events are written as there is room for.
                check(unsafe {
                    libc::syscall(number, i64::from(self.epoll.as_raw_fd()), &raw mut events, 8_i64, -1_i64)
                })
            }
            Means::EpollPwait2 => {
                let mut events = Vec::with_capacity(8);
                let limit = Timespec { tv_sec: 9, tv_nsec: 0 };
                retry_on_intr(|| epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&limit)))?;
                Ok(())
            }
            Means::Poll | Means::Ppoll => {
                let mut array: Vec<_> =
                    self.descriptors().map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
                poll(self.means, &mut array)
            }
            Means::Select | Means::Pselect => self.select(),
            Means::IoUring | Means::RegisteredRing => self.complete(),
        }
    }

    fn select(&self) -> Result<()> {
        let mut bits = [0u64; 16];
        for descriptor in self.descriptors() {
            bits[descriptor as usize / 64] |= 1 << (descriptor % 64);
        }
        let highest = self.descriptors().max().unwrap_or(0) + 1;
        let number = match self.means {
            Means::Select => older::number(older::SELECT, "select")?,
            _ => libc::SYS_pselect6,
        };
        // SAFETY: the kernel writes the bits alone, of which there are enough.
        check(unsafe { libc::syscall(number, i64::from(highest), &raw mut bits, NONE, NONE, NONE, NONE) })
    }

    /// Asks the ring to tell of readiness, once for each descriptor, and waits for one completion.
    fn complete(&mut self) -> Result<()> {
        let polls: Vec<_> =
            self.descriptors().map(|fd| opcode::PollAdd::new(Fd(fd), libc::POLLIN as u32).build()).collect();
        for poll in polls {
            // SAFETY: the entry refers to no memory.
            unsafe { self.ring.submission().push(&poll) }.context("the ring is full")?;
        }
        let (mut submitter, _, _) = self.ring.split();
        if self.means == Means::RegisteredRing {
            submitter.register_ring_fd().context("registering a ring")?;
        }
        submitter.submit_and_wait(1).context("waiting for completions")?;
        if self.means == Means::RegisteredRing {
            submitter.unregister_ring_fd().context("giving up a registered ring")?;
        }
        self.ring.completion().for_each(drop);
        // What is still being polled would pile up.
        let left = self.ring.submitter().register_sync_cancel(None, io_uring::types::CancelBuilder::any());
        if left.is_ok() {
            self.ring.completion().for_each(drop);
        }
        Ok(())
    }
}

fn poll(means: Means, array: &mut [libc::pollfd]) -> Result<()> {
    let length = array.len();
    let array = array.as_mut_ptr();
    let (number, limit) = match means {
        Means::Ppoll => (libc::SYS_ppoll, NONE),
        _ => (older::number(older::POLL, "poll")?, NO_LIMIT),
    };
    // SAFETY: the kernel writes to the array alone, whose length it is told.
    check(unsafe { libc::syscall(number, array, length, limit, NONE, NONE) })
}

/// Waits for one descriptor, in vain, by the call that the C library takes for that.
fn poll_one(fd: RawFd, limit_ms: i32) -> Result<()> {
    let mut one = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: the kernel writes to the entry alone.
    check(unsafe { libc::poll(&raw mut one, 1, limit_ms) }.into())
}

/// A time limit in milliseconds that is none.
const NO_LIMIT: i64 = -1;

/// An argument that is a null pointer, or of no meaning.
const NONE: i64 = 0;

fn check(result: i64) -> Result<()> {
    ensure!(result >= 0, "a readiness wait failed: {}", std::io::Error::last_os_error());
    Ok(())
}
