//! Many calls from many threads, some of which fail, by threads that stay, come and go, or share an id.

use std::{
    fs::{File, OpenOptions},
    os::fd::{AsFd, BorrowedFd},
    path::Path,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rustix::io::ioctl_fionbio;
use tests::truth::{ThreadTruth, Truth};

use crate::{
    crew::{self, Crew, this_thread, this_tid},
    meter::{Call, Meter},
    out::{self, Channel, Sink},
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Threads that work at the same time
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Calls by each thread, failing ones included
    #[arg(long, default_value_t = 1000)]
    calls: usize,
    /// Bytes a call, one size after the other
    #[arg(long, value_delimiter = ',', default_values_t = [4096])]
    bytes: Vec<usize>,
    /// Where they go
    #[arg(long, value_enum, default_value = "null")]
    out: out::Kind,
    /// How many of each thread's calls fail, such as EBADF=2,EAGAIN=3,EINVAL=1
    #[arg(long, value_delimiter = ',')]
    fail: Vec<Failures>,
    /// Threads start after the word to go, in so many waves, and end
    #[arg(long, conflicts_with = "same_tid")]
    waves: Option<usize>,
    /// So many threads one after the other, all with the same id; the n-th makes n calls more
    #[arg(long)]
    same_tid: Option<usize>,
    /// Measure each call
    #[arg(long)]
    measured: bool,
}

/// A number of calls that fail in one way.
#[derive(Clone, Copy, Debug)]
struct Failures {
    error: Failure,
    count: usize,
}

/// Ways to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// A full pipe that does not block. (Before Linux 6.5 a full unix socket still takes pages.)
    Again,
    /// No such descriptor.
    BadDescriptor,
    /// A file opened for appending.
    Invalid,
}

impl FromStr for Failures {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, count) = text.split_once('=').context("write NAME=COUNT")?;
        let error = match name {
            "EAGAIN" => Failure::Again,
            "EBADF" => Failure::BadDescriptor,
            "EINVAL" => Failure::Invalid,
            _ => bail!("EAGAIN, EBADF and EINVAL can be provoked, not {name}"),
        };
        Ok(Self { error, count: count.parse()? })
    }
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let longest = options.bytes.iter().copied().max().unwrap_or(0);
    let file = Arc::new(source::hot(directory, "hot", longest as u64)?);
    let piece = |extra_calls: usize| {
        let (options, file) = (options.clone(), Arc::clone(&file));
        move || calls(&options, options.calls + extra_calls, &file)
    };
    let threads = if let Some(waves) = options.waves {
        protocol::ready("count", &[])?;
        let mut threads = Vec::new();
        for _ in 0..waves {
            let wave = (0..options.threads).map(|_| crew::spawn(piece(0))).collect::<Result<Vec<_>>>()?;
            for thread in wave {
                threads.push(thread.join().expect("a thread panicked")?);
            }
        }
        threads
    } else if let Some(count) = options.same_tid {
        protocol::ready("count", &[])?;
        let mut threads = Vec::<ThreadTruth>::new();
        for extra_calls in 0..count {
            let tid = threads.first().map(|first| first.tid);
            threads.push(run_as(tid, || piece(extra_calls))?);
        }
        threads
    } else {
        let crew = Crew::assemble((0..options.threads).map(|_| piece(0)).collect())?;
        protocol::ready("count", crew.tids())?;
        crew.work()?
    };
    protocol::done(&Truth { threads })
}

/// What each thread does.
fn calls(options: &Options, count: usize, file: &File) -> Result<ThreadTruth> {
    let meter = if options.measured { Some(Meter::new()?) } else { None };
    let sink = Sink::open(options.out)?;
    let culprits = Culprits::prepare(&options.fail)?;
    let failures = spread(&options.fail, count)?;
    let mut truth = this_thread()?;
    for (bytes, failure) in options.bytes.iter().copied().cycle().zip(failures) {
        let good = Call { source: file.as_fd(), out: sink.as_fd(), offset: 0, bytes };
        let call = match failure {
            None => good,
            Some(Failure::Again) => Call { out: culprits.full()?, ..good },
            Some(Failure::BadDescriptor) => Call { out: no_descriptor(), ..good },
            Some(Failure::Invalid) => Call { out: culprits.appending.as_fd(), ..good },
        };
        sink.rewind()?;
        if let Some(meter) = &meter {
            let call = meter.measure(call)?;
            truth.count(call.returned);
            truth.each.push(call);
        } else {
            truth.count(call.make());
        }
    }
    Ok(truth)
}

/// Which of `count` calls fails, and how: the failures evenly among the others.
fn spread(failures: &[Failures], count: usize) -> Result<Vec<Option<Failure>>> {
    let all = failures.iter().flat_map(|some| std::iter::repeat_n(some.error, some.count)).collect::<Vec<_>>();
    ensure!(all.len() <= count, "{} of {count} calls cannot fail", all.len());
    let mut calls = vec![None; count];
    for (index, failure) in all.iter().enumerate() {
        calls[index * count / all.len()] = Some(*failure);
    }
    Ok(calls)
}

/// Descriptors that make calls fail.
struct Culprits {
    full: Option<Channel>,
    appending: File,
}

impl Culprits {
    fn prepare(failures: &[Failures]) -> Result<Self> {
        let full = if failures.iter().any(|some| some.error == Failure::Again) {
            let channel = Channel::open(out::Kind::Pipe)?;
            channel.fill()?;
            ioctl_fionbio(&channel.room, true)?;
            Some(channel)
        } else {
            None
        };
        // sendfile refuses to append, whatever the file.
        let appending = OpenOptions::new().append(true).open("/dev/null")?;
        Ok(Self { full, appending })
    }

    fn full(&self) -> Result<BorrowedFd<'_>> {
        self.full.as_ref().map(|channel| channel.room.as_fd()).context("no full pipe was prepared")
    }
}

/// A number far above any open descriptor.
fn no_descriptor() -> BorrowedFd<'static> {
    // SAFETY: nothing is open under this number, so no one's descriptor is used; the call fails with EBADF.
    unsafe { BorrowedFd::borrow_raw(1 << 30) }
}

/// Runs work in a new thread that has the given id, or any where none is given.
fn run_as<W>(tid: Option<u32>, work: impl Fn() -> W) -> Result<ThreadTruth>
where
    W: FnOnce() -> Result<ThreadTruth> + Send + 'static,
{
    let path = "/proc/sys/kernel/ns_last_pid";
    // Somebody else may start a thread between the write and ours, and the last holder of the id may not be
    // quite gone: try again.
    for _ in 0..5000 {
        if let Some(tid) = tid {
            std::fs::write(path, (tid - 1).to_string()).with_context(|| format!("writing {path}"))?;
        }
        let work = work();
        let thread = crew::spawn(move || (tid.is_none() || tid == Some(this_tid())).then(work))?;
        if let Some(truth) = thread.join().expect("a thread panicked") {
            return truth;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    bail!("no thread got the id {tid:?}")
}
