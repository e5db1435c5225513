//! Calls of splice and its kin in each direction, some of which fail.

use std::{
    fs::{File, OpenOptions},
    io::{PipeReader, PipeWriter},
    os::{
        fd::{AsRawFd, RawFd},
        unix::net::UnixStream,
    },
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use clap::Args;
use tests::truth::{KindTruth, ThreadTruth, Truth};

use crate::{
    crew::{Crew, this_tid},
    protocol, raw, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Threads that work at the same time
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Rounds of each thread; each moves bytes in every direction
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// Bytes that a round moves, one length after the other
    #[arg(long, value_delimiter = ',', default_value = "1,4096,10000")]
    bytes: Vec<usize>,
    /// Every so many-th round makes calls that fail; 0: none
    #[arg(long, default_value_t = 5)]
    fail_every: usize,
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let longest = options.bytes.iter().copied().max().unwrap_or(0);
    let pieces = (0..options.threads).map(|index| {
        let mut ends = Ends::open(directory, index, longest)?;
        let options = options.clone();
        Ok(move || {
            for round in 0..options.rounds {
                ends.round(options.bytes[round % options.bytes.len()])?;
                if options.fail_every > 0 && round % options.fail_every == 0 {
                    ends.failures();
                }
            }
            Ok(ThreadTruth { tid: this_tid(), kinds: ends.kinds, ..ThreadTruth::default() })
        })
    });
    let crew = Crew::assemble(pieces.collect::<Result<Vec<_>>>()?)?;
    protocol::ready("splices", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

/// What a thread moves bytes between.
struct Ends {
    path: PathBuf,
    file: File,
    copy: File,
    null: File,
    pipes: [(PipeReader, PipeWriter); 2],
    sockets: (UnixStream, UnixStream),
    memory: Vec<u8>,
    kinds: Vec<KindTruth>,
}

impl Ends {
    fn open(directory: &Path, index: usize, bytes: usize) -> Result<Self> {
        let name = format!("source-{index}");
        Ok(Self {
            path: directory.join(&name),
            file: source::hot(directory, &name, bytes as u64 + OFFSET as u64)?,
            copy: source::hot(directory, &format!("copy-{index}"), 1)?,
            null: OpenOptions::new().write(true).open("/dev/null")?,
            pipes: [std::io::pipe()?, std::io::pipe()?],
            sockets: UnixStream::pair()?,
            memory: vec![0x5a; bytes],
            kinds: Vec::new(),
        })
    }

    /// Moves bytes in every direction. All that goes into a pipe or a socket comes out again.
    fn round(&mut self, bytes: usize) -> Result<()> {
        let [file, copy, null] = [&self.file, &self.copy, &self.null].map(AsRawFd::as_raw_fd);
        let [(out, into), (other_out, other_into)] =
            self.pipes.each_ref().map(|(out, into)| (out.as_raw_fd(), into.as_raw_fd()));
        let (near, far) = (self.sockets.0.as_raw_fd(), self.sockets.1.as_raw_fd());
        let at = |moved: usize| Some(OFFSET + moved as i64);
        self.all("splice file_to_pipe", bytes, |moved, left| raw::splice(file, at(moved), into, None, left, 0))?;
        self.once("tee pipe_to_pipe", bytes, || raw::tee(out, other_into, bytes))?;
        self.all("splice pipe_to_socket", bytes, |_, left| raw::splice(out, None, near, None, left, 0))?;
        self.all("splice socket_to_pipe", bytes, |_, left| raw::splice(far, None, into, None, left, 0))?;
        self.all("splice pipe_to_file", bytes, |moved, left| raw::splice(out, None, copy, at(moved), left, 0))?;
        self.all("splice pipe_to_pipe", bytes, |_, left| raw::splice(other_out, None, into, None, left, 0))?;
        self.all("splice other", bytes, |_, left| raw::splice(out, None, null, None, left, 0))?;
        let mut memory = std::mem::take(&mut self.memory);
        self.all("vmsplice memory_to_pipe", bytes, |moved, _| raw::vmsplice(into, &mut memory[moved..bytes]))?;
        let mut taken = vec![0; bytes];
        self.all("vmsplice pipe_to_memory", bytes, |moved, _| raw::vmsplice(out, &mut taken[moved..]))?;
        ensure!(taken == memory[..bytes], "other bytes came out of the pipe than went in");
        self.memory = memory;
        self.all("copy_file_range file_to_file", bytes, |moved, left| {
            raw::copy_file_range(file, copy, OFFSET + moved as i64, left, 0)
        })
    }

    /// Calls that fail, one for each row that can be made to.
    fn failures(&mut self) {
        let [file, copy, null] = [&self.file, &self.copy, &self.null].map(AsRawFd::as_raw_fd);
        let (out, into) = (self.pipes[0].0.as_raw_fd(), self.pipes[0].1.as_raw_fd());
        let bad: RawFd = raw::NO_DESCRIPTOR;
        // An empty pipe, and one end of a pipe to the other.
        self.count("splice pipe_to_file", raw::splice(out, None, copy, None, 1, libc::SPLICE_F_NONBLOCK));
        self.count("splice pipe_to_pipe", raw::splice(out, None, into, None, 1, 0));
        self.count("splice other", raw::splice(bad, None, into, None, 1, 0));
        self.count("splice other", raw::splice(file, Some(0), null, None, 1, 0));
        self.count("tee pipe_to_pipe", raw::tee(bad, into, 1));
        self.count("vmsplice pipe_to_memory", raw::vmsplice(bad, &mut [0]));
        self.count("copy_file_range file_to_file", raw::copy_file_range(file, copy, 0, 1, 1));
    }

    /// Moves so many bytes, in as many calls as it takes.
    fn all(&mut self, row: &str, bytes: usize, mut call: impl FnMut(usize, usize) -> i64) -> Result<()> {
        let mut moved = 0;
        while moved < bytes {
            let returned = call(moved, bytes - moved);
            self.count(row, returned);
            ensure!(returned > 0, "{row} returned {returned}");
            moved += usize::try_from(returned)?;
        }
        Ok(())
    }

    /// Moves so many bytes in one call: a second one would move the same again.
    fn once(&mut self, row: &str, bytes: usize, call: impl FnOnce() -> i64) -> Result<()> {
        let returned = call();
        self.count(row, returned);
        ensure!(usize::try_from(returned) == Ok(bytes), "{row} returned {returned}");
        Ok(())
    }

    fn count(&mut self, row: &str, returned: i64) {
        let index = self.kinds.iter().position(|kind| kind.row == row).unwrap_or_else(|| {
            let reads_file = row.contains(" file_to_");
            let path = reads_file.then(|| self.path.clone());
            self.kinds.push(KindTruth { row: row.to_owned(), path, ..KindTruth::default() });
            self.kinds.len() - 1
        });
        self.kinds[index].count(returned);
    }
}

/// Where in the file the bytes begin.
const OFFSET: i64 = 1000;
