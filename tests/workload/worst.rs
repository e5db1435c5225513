//! Event loops that wait for the disk in each turn, and in one turn for much longer than in all others.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::Path,
};

use anyhow::{Context, Result};
use clap::Args;
use rustix::fs::{fsync, sendfile};
use tests::{
    os::{
        page_cache::{PAGE_BYTES, evict, forbid_read_ahead},
        schedule::become_real_time,
    },
    truth::{CallEnds, ThreadTruth, Truth},
};

use crate::{
    crew::Crew,
    ends::{self, Out, path_of},
    instance::Instance,
    mapping::Mapping,
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Turns of each event loop
    #[arg(long, default_value_t = 10)]
    turns: u64,
}

/// Pages that the long turn reads, or writes, one by one; the others read one.
const LONG: u64 = 30;

/// In what a loop waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Pread,
    Read,
    Sendfile,
    Fsync,
    PageFault,
}

/// All of them, in the order of the threads.
const ALL: [(Call, &str); 5] = [
    (Call::Pread, "pread"),
    (Call::Read, "read"),
    (Call::Sendfile, "sendfile"),
    (Call::Fsync, "fsync"),
    (Call::PageFault, "fault"),
];

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let turns = options.turns;
    let loops = ALL.map(|(call, name)| {
        let files = ["near", "far"].map(|place| cold(directory, &format!("{place}-{name}"), turns.max(LONG)));
        let [near, far] = files;
        Ok(EventLoop { call, near: near?, far: far?, client: ends::ip("127.0.0.1:0", "127.0.0.1")? })
    });
    let loops = loops.into_iter().collect::<Result<Vec<_>>>()?;
    let crew = Crew::assemble(loops.into_iter().map(|mut work| move || work.turns(turns)).collect())?;
    protocol::ready("worst", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

fn cold(directory: &Path, name: &str, pages: u64) -> Result<File> {
    let file = source::hot(directory, name, pages * PAGE_BYTES)?;
    evict(&file)?;
    forbid_read_ahead(&file)?;
    Ok(file)
}

struct EventLoop {
    call: Call,
    near: File,
    far: File,
    client: Out,
}

impl EventLoop {
    /// The long turn is in the middle.
    fn turns(&mut self, turns: u64) -> Result<ThreadTruth> {
        let instance = Instance::of(8, true)?;
        become_real_time()?;
        instance.turn(turns, |turn, truth| {
            let (first, pages) = if turn == turns / 2 { (0, LONG) } else { (turn, 1) };
            truth.ends.push(self.wait_for_the_disk(first, pages)?);
            Ok(())
        })
    }

    /// Reads or writes so many pages from `first` on, each on its own; says of what, and where it began.
    fn wait_for_the_disk(&mut self, first: u64, pages: u64) -> Result<CallEnds> {
        let file = if pages == LONG { &mut self.far } else { &mut self.near };
        let mut page = [0; PAGE_BYTES as usize];
        let mapping = match self.call {
            Call::PageFault => Some(Mapping::of(file, (first + pages) * PAGE_BYTES)?),
            _ => None,
        };
        for offset in (first..first + pages).map(|number| number * PAGE_BYTES) {
            match self.call {
                Call::Pread => file.read_exact_at(&mut page, offset)?,
                Call::Read => {
                    file.seek(SeekFrom::Start(offset))?;
                    file.read_exact(&mut page)?;
                }
                Call::Sendfile => {
                    let mut at = offset;
                    sendfile(&self.client.fd, &*file, Some(&mut at), page.len()).context("sending")?;
                }
                Call::Fsync => {
                    file.seek(SeekFrom::End(0))?;
                    file.write_all(&page)?;
                    fsync(&*file)?;
                }
                Call::PageFault => mapping.as_ref().context("nothing is mapped")?.touch(offset)?,
            }
        }
        let is_sent = self.call == Call::Sendfile;
        Ok(CallEnds {
            path: path_of(file)?,
            offset: first * PAGE_BYTES,
            client: self.client.client.clone().filter(|_| is_sent),
            out: if is_sent { "socket" } else { "other" }.into(),
        })
    }
}
