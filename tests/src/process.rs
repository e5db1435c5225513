//! Children that never outlive a test, and the lines they print.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, ExitStatus},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// A child process, killed on drop if it still runs.
pub struct Guarded(Child);

impl Guarded {
    /// Takes the child over.
    #[must_use]
    pub fn new(child: Child) -> Self {
        Self(child)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// The child itself.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Whether it has not ended yet.
    ///
    /// # Panics
    /// If the kernel does not say.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("looking after a child").is_none()
    }

    /// Asks it to end as Ctrl-C does.
    ///
    /// # Panics
    /// If it has ended already.
    pub fn interrupt(&self) {
        interrupt(self.pid());
    }

    /// The same for the program that it has started and waits for.
    ///
    /// # Panics
    /// If either has ended already.
    pub fn interrupt_child(&self) {
        let child = only_child(self.pid()).expect("it runs");
        interrupt(child.expect("it has a child"));
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// If it has not in time.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.0.try_wait().expect("waiting for a child") {
                return status;
            }
            if Instant::now() >= deadline {
                let name = fs::read_to_string(format!("/proc/{}/comm", self.pid())).unwrap_or_default();
                panic!("process {} ({}) did not end within {limit:?}", self.pid(), name.trim_end());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn interrupt(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a child's id is above 0");
    kill_process(pid, Signal::INT).expect("interrupting a child that still runs");
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // It may have ended; either way nothing is left to do about a failure here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a shell would show as the exit code.
#[must_use]
pub fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// The child of a process that has one; `None`: it has none yet.
///
/// # Errors
/// If the process has ended.
pub fn only_child(parent: u32) -> io::Result<Option<u32>> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
    Ok(children.split_whitespace().next().and_then(|child| child.parse().ok()))
}

/// The lines of a stream, read by a thread of their own so that the writer never blocks.
pub struct Lines {
    lines: Receiver<String>,
    seen: String,
}

impl Lines {
    /// Reads from now on.
    #[must_use]
    pub fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
            }
        });
        Self { lines, seen: String::new() }
    }

    /// The next line that fits; all before it are kept in [`Lines::rest`].
    ///
    /// # Errors
    /// All lines seen, if none came in time or the stream ended.
    pub fn find(&mut self, limit: Duration, fits: impl Fn(&str) -> bool) -> Result<String, String> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                    if fits(&line) {
                        return Ok(line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("no such line within {limit:?}; seen:\n{}", self.seen));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("the stream ended without such a line; seen:\n{}", self.seen));
                }
            }
        }
    }

    /// Everything until the stream ends, with what was seen before.
    #[must_use]
    pub fn rest(mut self) -> String {
        for line in self.lines.iter() {
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
        self.seen
    }
}

/// A program of this workspace, built beside the running test.
///
/// # Panics
/// If it is not there.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    // target/PROFILE/deps/TEST
    let profile = test.ancestors().nth(2).expect("a test lies below its profile's directory");
    let path = profile.join(name);
    assert!(path.is_file(), "{} is not built: run `cargo build --workspace` in the same profile first", path.display());
    path
}
