//! The program whose functions wait, built for a test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{disk::Scratch, program::Program};

const SOURCES: [(&str, &str); 3] = [
    ("waits.c", include_str!("waits.c")),
    ("library.c", include_str!("library.c")),
    ("call.h", include_str!("call.h")),
];

/// Times that each function waits.
pub const COUNT: u64 = 40;

/// The program, and the library that it loads.
pub struct Built {
    folder: Scratch,
}

impl Built {
    /// Compiles both.
    pub fn new() -> Self {
        let folder = Scratch::on_disk();
        for (name, text) in SOURCES {
            fs::write(folder.path().join(name), text).expect("writing a source");
        }
        let this = Self { folder };
        this.compile(&[], "waits.c", "waits");
        this.compile(&["-shared", "-fPIC"], "library.c", "libothers.so");
        this
    }

    fn compile(&self, options: &[&str], source: &str, out: &str) {
        let mut command = Command::new("cc");
        // Without optimization each function has a frame, and none is inlined.
        command.args(["-O0", "-fno-omit-frame-pointer"]).args(options);
        let status = command.arg("-o").arg(self.path(out)).arg(self.path(source)).status().expect("starting cc");
        assert!(status.success(), "cc ended with {status}");
    }

    /// Where `name` is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What starts the program.
pub fn command(built: &Built, cold: &Path, library: bool, end: &str) -> Command {
    let mut command = Command::new(built.path("waits"));
    let library = if library { built.path("libothers.so") } else { "-".into() };
    command.arg(cold).arg(COUNT.to_string()).arg(library).arg(end);
    command
}

/// Starts it on `cold`, with the library or without.
pub fn start(built: &Built, cold: &Path, library: bool, end: &str) -> Program {
    Program::start(&mut command(built, cold, library, end))
}
