//! Small file servers in other languages, whose sources are in `programs`. They serve a directory, print their port, and
//! end with stdin.

use std::{
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use crate::{
    disk::Scratch,
    process::{Guarded, Lines},
};

const START: Duration = Duration::from_secs(30);

/// A server of the files in one directory. Ends on drop.
pub struct FileServer {
    child: Guarded,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    port: u16,
}

impl FileServer {
    /// Go's `net/http.FileServer`, which lets so many of its threads run at a time.
    ///
    /// # Panics
    /// If it cannot be built or does not start.
    #[must_use]
    pub fn go(root: &Path, at_a_time: u32) -> Self {
        // Its name may go as soon as it runs.
        let place = Scratch::on_disk();
        let mut command = Command::new(built_by_go(place.path()));
        command.arg(root).env("GOMAXPROCS", at_a_time.to_string());
        Self::start(command)
    }

    /// Python's `ThreadingHTTPServer`.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn python(root: &Path) -> Self {
        let mut command = Command::new("python3");
        command.arg(sources().join("python/server.py")).arg(root);
        Self::start(command)
    }

    /// Node.js' `http`, which reads each file in its event loop (`sync`) or beside it (`async`).
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn node(root: &Path, how: &str) -> Self {
        let mut command = Command::new("node");
        command.arg(sources().join("node/server.js")).arg(root).arg(how);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Guarded::new(command.spawn().expect("starting a file server"));
        let stdin = child.child().stdin.take();
        let mut stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        let line = stdout.find(START, |line| line.starts_with("port ")).expect("the server listens");
        let port = line.trim_start_matches("port ").trim().parse().expect("a port");
        Self { child, stdin, stdout, port }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets it end, and returns the last line that it says.
    ///
    /// # Panics
    /// If it does not end.
    #[must_use]
    pub fn account(mut self) -> String {
        drop(self.stdin.take());
        self.child.wait(Duration::from_secs(10));
        self.stdout.rest().lines().last().unwrap_or_default().to_owned()
    }
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
}

/// Builds the program in that place, with nothing from the network. The first time may take a while: some versions of Go
/// bring their library as source alone.
fn built_by_go(place: &Path) -> PathBuf {
    let program = place.join("file-server");
    let mut command = Command::new("go");
    command.arg("build").arg("-o").arg(&program).arg(sources().join("go/main.go"));
    let settings =
        [("GO111MODULE", "off"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", ""), ("CGO_ENABLED", "0")];
    let status = command.envs(settings).status().expect("starting Go's compiler");
    assert!(status.success(), "{command:?} ended with {status}");
    program
}
