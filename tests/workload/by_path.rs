//! Event loops that ask for files by path: what leads there has to be read from the disk first.

use std::{
    ffi::CString,
    fs::{File, metadata},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use tests::truth::{CallEnds, ThreadTruth, Truth};

use crate::{crew::Crew, instance::Instance, older, protocol};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// A directory with one for each loop, by the name of its call; with one each in there for the files `0`, `1`, …
    #[arg(long)]
    tree: PathBuf,
    /// Files of each loop, all asked for in one turn
    #[arg(long, default_value_t = 10)]
    files: u64,
    /// Turns of each loop
    #[arg(long, default_value_t = 6)]
    turns: u64,
}

/// How a loop asks for a file.
#[derive(Clone, Copy, Debug)]
enum Call {
    Openat,
    Stat,
    Statx,
}

/// All of them, in the order of the threads.
const ALL: [(Call, &str); 3] = [(Call::Openat, "openat"), (Call::Stat, "stat"), (Call::Statx, "statx")];

/// Does it.
pub fn run(options: &Options, _directory: &Path) -> Result<()> {
    let loops = ALL.map(|(call, name)| {
        let options = options.clone();
        move || turns(call, name, &options)
    });
    let crew = Crew::assemble(loops.into_iter().collect())?;
    protocol::ready("by-path", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

/// In the middle one of its turns a loop asks for its files; says for which.
fn turns(call: Call, name: &str, options: &Options) -> Result<ThreadTruth> {
    Instance::of(8, true)?.turn(options.turns, |turn, truth| {
        if turn == options.turns / 2 {
            for number in 0..options.files {
                // Not as the kernel would write it.
                let path = format!("{}/./{name}/{number}/../{number}/file", options.tree.display());
                ask(call, &path)?;
                truth.ends.push(CallEnds { path, offset: 0, client: None, out: "other".into() });
            }
        }
        Ok(())
    })
}

fn ask(call: Call, path: &str) -> Result<()> {
    match call {
        Call::Openat => drop(File::open(path).with_context(|| format!("opening {path}"))?),
        Call::Statx => {
            metadata(path).with_context(|| format!("looking at {path}"))?;
        }
        Call::Stat => {
            let name = CString::new(path)?;
            let number = older::number(older::STAT, "stat")?;
            // SAFETY: all bytes of it may be 0.
            let mut status: libc::stat = unsafe { std::mem::zeroed() };
            // SAFETY: a string that ends, and room for what is written. The library's own function makes another call.
            let result = unsafe { libc::syscall(number, name.as_ptr(), &raw mut status) };
            ensure!(result == 0, "stat {path}: {}", std::io::Error::last_os_error());
        }
    }
    Ok(())
}
