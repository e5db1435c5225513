//! A program that says `ready`, works when it is told to, and then gives its account as a line of JSON.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use serde::de::DeserializeOwned;

use crate::{
    disk::LoopDisk,
    os::page_cache::{PAGE_BYTES, evict},
    process::{Guarded, Lines},
};

const LIMIT: Duration = Duration::from_secs(60);

/// A file of so many pages, none of them in memory.
///
/// # Panics
/// If it cannot be made.
#[must_use]
pub fn cold_file(disk: &LoopDisk, pages: u64) -> PathBuf {
    let path = disk.path().join("cold");
    fs::write(&path, vec![7; (pages * PAGE_BYTES) as usize]).expect("writing the cold file");
    evict(&fs::File::open(&path).expect("the cold file")).expect("evicting the cold file");
    path
}

/// Such a program, running. Killed on drop.
pub struct Program {
    child: Guarded,
    stdin: Option<ChildStdin>,
    stdout: Lines,
}

impl Program {
    /// Starts `command`, and returns when it is ready.
    ///
    /// # Panics
    /// If it does not get ready.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            Guarded::new(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starting it"));
        let stdin = child.child().stdin.take();
        let mut stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        stdout.find(LIMIT, |line| line == "ready").expect("it gets ready");
        Self { child, stdin, stdout }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Tells it to go on.
    ///
    /// # Panics
    /// If it has ended.
    pub fn go(&mut self) {
        self.stdin.as_mut().expect("stdin is open").write_all(b"go\n").expect("telling it to go");
    }

    /// Lets it work, and returns its account.
    ///
    /// # Panics
    /// If it gives none.
    pub fn run<Account: DeserializeOwned>(&mut self) -> Account {
        self.go();
        let line = self.stdout.find(LIMIT, |line| line.starts_with('{')).expect("it says what it did");
        serde_json::from_str(&line).expect("its account")
    }

    /// Lets it end, and waits until it has.
    ///
    /// # Panics
    /// If it does not, or not well.
    pub fn end(&mut self) {
        drop(self.stdin.take());
        let status = self.child.wait(LIMIT);
        assert!(status.success(), "it ended with {status}");
    }
}
