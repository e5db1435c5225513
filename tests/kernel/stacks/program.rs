//! The program whose functions wait, built for a test.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use tests::{
    disk::{LoopDisk, Scratch},
    os::page_cache::{PAGE_BYTES, evict},
    process::{Guarded, Lines},
};

const LIMIT: Duration = Duration::from_secs(60);

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

/// The file that it reads, none of it in memory.
pub fn cold_file(disk: &LoopDisk) -> PathBuf {
    let path = disk.path().join("cold");
    fs::write(&path, vec![7; (4 * COUNT * PAGE_BYTES) as usize]).expect("writing the cold file");
    evict(&fs::File::open(&path).expect("the cold file")).expect("evicting the cold file");
    path
}

/// The program, running.
pub struct Program {
    child: Guarded,
    stdin: Option<ChildStdin>,
    stdout: Lines,
}

impl Program {
    /// Starts `command`, which is to say that it is ready.
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            Guarded::new(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starting it"));
        let stdin = child.child().stdin.take();
        let mut stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        stdout.find(LIMIT, |line| line == "ready").expect("it gets ready");
        Self { child, stdin, stdout }
    }

    /// The program itself on `cold`, with the library or without.
    pub fn of(built: &Built, cold: &Path, library: bool, end: &str) -> Self {
        Self::start(&mut command(built, cold, library, end))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Tells it to go on.
    pub fn go(&mut self) {
        self.stdin.as_mut().expect("stdin is open").write_all(b"go\n").expect("telling it to go");
    }

    /// Lets it work; how often it slept in each function.
    pub fn run(&mut self) -> BTreeMap<String, u64> {
        self.go();
        let line = self.stdout.find(LIMIT, |line| line.starts_with('{')).expect("it says what it did");
        serde_json::from_str(&line).expect("its account")
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) {
        drop(self.stdin.take());
        let status = self.child.wait(LIMIT);
        assert!(status.success(), "it ended with {status}");
    }
}

/// What starts the program.
pub fn command(built: &Built, cold: &Path, library: bool, end: &str) -> Command {
    let mut command = Command::new(built.path("waits"));
    let library = if library { built.path("libothers.so") } else { "-".into() };
    command.arg(cold).arg(COUNT.to_string()).arg(library).arg(end);
    command
}
