//! Reads of files by each means there is, on pages that are in memory or not, as mincore knows.

use std::{
    fs::{File, OpenOptions},
    os::{
        fd::{AsFd, AsRawFd},
        unix::fs::{FileExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use rustix::fs::{SeekFrom, seek};
use tests::{
    os::{
        page_cache::{PAGE_BYTES, PageCache, evict, forbid_read_ahead},
        schedule::switches,
        usage::major_faults,
    },
    truth::{KindTruth, ThreadTruth, Truth},
};

use crate::{
    crew::{Crew, this_tid},
    mapping::Mapping,
    protocol,
    raw::{self, Vectored},
    source,
};

/// How long no page may come before reads in flight count as ended.
const QUIET: Duration = Duration::from_millis(20);

/// Each range has so much of a file to itself.
const STRIDE: u64 = 64 << 10;

/// Where in it the range begins: in the middle of a page, but for direct I/O.
const START: u64 = 1000;

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Threads that work at the same time
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Means to read by; without it each of them
    #[arg(long, value_enum, value_delimiter = ',')]
    by: Vec<Means>,
    /// Ranges that each thread reads by each means
    #[arg(long, default_value_t = 10)]
    ranges: u64,
    /// Bytes of a range, for direct I/O rounded up to whole pages
    #[arg(long, default_value_t = 10_000)]
    bytes: usize,
    /// Every so many-th range is in memory; 0: none, 1: all
    #[arg(long, default_value_t = 2)]
    hot_every: u64,
    /// Let the kernel read ahead; without it, it reads the pages asked for alone
    #[arg(long)]
    read_ahead: bool,
    /// Take the pages that each call gains, once reads in flight have ended
    #[arg(long)]
    gains: bool,
    /// All threads read the same files
    #[arg(long)]
    shared: bool,
    /// Read the beginning of this file or device too, by pread
    #[arg(long)]
    also: Option<PathBuf>,
}

/// By what means a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Means {
    Read,
    Pread,
    Readv,
    Preadv,
    Preadv2,
    /// preadv2 at the file's position
    Preadv2AtPosition,
    Sendfile,
    Splice,
    CopyFileRange,
    /// pread past the page cache
    Direct,
    /// sendfile past the page cache
    DirectSendfile,
    /// Page faults on a mapping, a page each
    Fault,
}

impl Means {
    /// The row of a recording that it belongs to.
    const fn row(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Pread | Self::Direct => "pread64",
            Self::Readv => "readv",
            Self::Preadv => "preadv",
            Self::Preadv2 | Self::Preadv2AtPosition => "preadv2",
            Self::Sendfile | Self::DirectSendfile => "sendfile",
            Self::Splice => "splice file_to_pipe",
            Self::CopyFileRange => "copy_file_range file_to_file",
            Self::Fault => "page_fault",
        }
    }

    const fn is_direct(self) -> bool {
        matches!(self, Self::Direct | Self::DirectSendfile)
    }
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    ensure!(options.bytes as u64 + START <= STRIDE, "a range has {STRIDE} bytes of its file, less {START}");
    let all = if options.by.is_empty() { Means::value_variants() } else { &options.by };
    let pieces = (0..options.threads).map(|thread| {
        let mut sources = Vec::new();
        for &means in all {
            let owner = if options.shared { 0 } else { thread };
            let path = directory.join(format!("{means:?}-{owner}"));
            let is_new = !options.shared || thread == 0;
            sources.push(Source::prepare(means, &path, is_new, options)?);
        }
        let also = options.also.as_ref().map(|path| Also::open(path)).transpose()?;
        let options = options.clone();
        Ok(move || work(&options, sources, also))
    });
    let crew = Crew::assemble(pieces.collect::<Result<Vec<_>>>()?)?;
    protocol::ready("reads", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

fn work(options: &Options, mut sources: Vec<Source>, mut also: Option<Also>) -> Result<ThreadTruth> {
    let drain = Drain::open()?;
    let mut memory = Aligned::of(options.bytes);
    let mut drained = KindTruth { row: "splice other".to_owned(), ..KindTruth::default() };
    for range in 0..options.ranges {
        for source in &mut sources {
            source.read(range * STRIDE, options, &mut memory, &drain)?;
            drain.empty(&mut drained);
        }
        also.iter_mut().for_each(|also| also.read(&mut memory));
    }
    let mut kinds = sources.iter().map(|source| source.truth.clone()).collect::<Vec<_>>();
    // What is mapped stays so until the end: where else would one look for its name?
    std::mem::forget(sources);
    kinds.extend((drained.calls > 0).then_some(drained));
    kinds.extend(also.map(|also| also.truth));
    Ok(ThreadTruth { tid: this_tid(), kinds, ..ThreadTruth::default() })
}

/// A file, and how it is read.
struct Source {
    means: Means,
    file: File,
    copy: Option<File>,
    mapping: Option<Mapping>,
    cache: PageCache,
    truth: KindTruth,
}

impl Source {
    fn prepare(means: Means, path: &Path, is_new: bool, options: &Options) -> Result<Self> {
        let directory = path.parent().context("a file lies in a directory")?;
        let name = path.file_name().and_then(|name| name.to_str()).context("a file has a name")?;
        let length = options.ranges * STRIDE;
        if is_new {
            let file = source::hot(directory, name, length)?;
            evict(&file)?;
            forbid_read_ahead(&file)?;
            let mut page = [0; PAGE_BYTES as usize];
            let hot = (1..=options.ranges).filter(|range| options.hot_every > 0 && range % options.hot_every == 0);
            for range in hot {
                let first = (range - 1) * STRIDE;
                for offset in (first..first + START + options.bytes as u64).step_by(PAGE_BYTES as usize) {
                    file.read_exact_at(&mut page, offset)?;
                }
            }
        }
        let flags = if means.is_direct() { libc::O_DIRECT } else { 0 };
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        if !options.read_ahead {
            forbid_read_ahead(&file)?;
        }
        let map = if options.read_ahead { Mapping::with_read_ahead } else { Mapping::of };
        let copies = means == Means::CopyFileRange;
        Ok(Self {
            means,
            cache: PageCache::of(&file)?,
            copy: copies.then(|| source::hot(directory, &format!("{name}-copy"), 1)).transpose()?,
            mapping: (means == Means::Fault).then(|| map(&file, length)).transpose()?,
            file,
            truth: KindTruth {
                row: means.row().to_owned(),
                path: Some(path.to_owned()),
                is_direct: means.is_direct(),
                ..KindTruth::default()
            },
        })
    }

    /// Reads the range whose part of the file begins at `part`, and takes down what it did.
    fn read(&mut self, part: u64, options: &Options, memory: &mut Aligned, drain: &Drain) -> Result<()> {
        let start = if self.means.is_direct() { part } else { part + START };
        if matches!(self.means, Means::Read | Means::Readv | Means::Preadv2AtPosition) {
            seek(&self.file, SeekFrom::Start(start))?;
        }
        let asked = match self.means {
            Means::Fault => 1,
            _ if self.means.is_direct() => options.bytes.next_multiple_of(PAGE_BYTES as usize),
            _ => options.bytes,
        };
        let before = if options.gains { self.cache.settled(QUIET)? } else { self.cache.cached(0..self.cache.pages()) };
        let (faults, sleeps) = (major_faults(), switches().voluntary);
        let returned = self.call(start, memory.first(asked), drain)?;
        self.truth.sleeps += switches().voluntary - sleeps;
        self.truth.major_faults += major_faults() - faults;
        if self.means != Means::Fault {
            self.truth.count(returned);
        }
        ensure!(usize::try_from(returned) == Ok(asked), "{:?} returned {returned}", self.means);
        let pages = usize::try_from(start / PAGE_BYTES)?..usize::try_from((start + asked as u64).div_ceil(PAGE_BYTES))?;
        self.truth.pages += pages.len() as u64;
        self.truth.cold_before += before[pages.clone()].iter().filter(|cached| !**cached).count() as u64;
        if options.gains {
            let after = self.cache.settled(QUIET)?;
            let gained = (0..after.len()).filter(|&page| after[page] && !before[page]).collect::<Vec<_>>();
            let inside = gained.iter().filter(|page| pages.contains(page)).count();
            self.truth.gained_inside += inside as u64;
            self.truth.gained_outside += (gained.len() - inside) as u64;
            self.truth.gaining_faults += u64::from(self.means == Means::Fault && !gained.is_empty());
        }
        Ok(())
    }

    fn call(&self, start: u64, memory: &mut [u8], drain: &Drain) -> Result<i64> {
        let (file, offset, bytes) = (&self.file, i64::try_from(start)?, memory.len());
        Ok(match self.means {
            Means::Read => raw::read(file, memory),
            Means::Pread | Means::Direct => raw::pread(file, memory, offset),
            Means::Readv => raw::vectored(Vectored::Readv, file, memory, 3, 0),
            Means::Preadv => raw::vectored(Vectored::Preadv, file, memory, 2, offset),
            // More pieces than the tracer adds up.
            Means::Preadv2 => raw::vectored(Vectored::Preadv2, file, memory, 20, offset),
            Means::Preadv2AtPosition => raw::vectored(Vectored::Preadv2, file, memory, 2, -1),
            Means::Sendfile | Means::DirectSendfile => raw::sendfile(file, drain.null.as_fd(), offset, bytes),
            Means::Splice => raw::splice(file.as_raw_fd(), Some(offset), drain.pipe.1.as_raw_fd(), None, bytes, 0),
            Means::CopyFileRange => {
                let copy = self.copy.as_ref().context("a file to copy to")?;
                raw::copy_file_range(file.as_raw_fd(), copy.as_raw_fd(), offset, bytes, 0)
            }
            Means::Fault => {
                self.mapping.as_ref().context("a mapping")?.touch(start)?;
                1
            }
        })
    }
}

/// Another file, of which the beginning is read each time.
struct Also {
    file: File,
    truth: KindTruth,
}

impl Also {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        let truth = KindTruth { row: "pread64".to_owned(), path: Some(path.to_owned()), ..KindTruth::default() };
        Ok(Self { file, truth })
    }

    fn read(&mut self, memory: &mut Aligned) {
        self.truth.count(raw::pread(&self.file, memory.first(PAGE_BYTES as usize), 0));
        self.truth.pages += 1;
    }
}

/// Where sent bytes go.
struct Drain {
    null: File,
    pipe: (std::io::PipeReader, std::io::PipeWriter),
}

impl Drain {
    fn open() -> Result<Self> {
        Ok(Self { null: OpenOptions::new().write(true).open("/dev/null")?, pipe: std::io::pipe()? })
    }

    /// Empties the pipe, in calls that are counted too.
    fn empty(&self, truth: &mut KindTruth) {
        let (pipe, null) = (self.pipe.0.as_raw_fd(), self.null.as_raw_fd());
        while rustix::io::ioctl_fionread(&self.pipe.0).is_ok_and(|left| left > 0) {
            truth.count(raw::splice(pipe, None, null, None, 1 << 20, 0));
        }
    }
}

/// Memory that begins at a page, as direct I/O wants it.
struct Aligned {
    memory: Vec<u8>,
    first: usize,
}

impl Aligned {
    fn of(bytes: usize) -> Self {
        let page = PAGE_BYTES as usize;
        let memory = vec![0; bytes.next_multiple_of(page) + page];
        let first = memory.as_ptr().align_offset(page);
        Self { memory, first }
    }

    fn first(&mut self, bytes: usize) -> &mut [u8] {
        &mut self.memory[self.first..][..bytes]
    }
}
