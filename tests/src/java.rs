//! A Java program whose threads say themselves what they are called.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use serde::Deserialize;
use tempfile::TempDir;

use crate::{
    process::{Guarded, Lines, only_child},
    wait::soon,
};

/// To compile it, and to start as many threads.
const START: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(10);

const SOURCE: &str = include_str!("../programs/java/Sender.java");

/// Threads that the program starts by itself.
pub const THREADS: usize = 10;

/// Where a JVM runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// As any program.
    Here,
    /// As another user and group.
    AsUser(u32),
    /// The same, in a user namespace where it is root.
    InUserNamespace(u32),
    /// As the first process of a pid namespace, with a `/tmp` of its own: like in a container.
    InNamespaces,
}

/// A thread of the program.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct JavaThread {
    /// Its id, as this machine numbers it.
    pub tid: u32,
    /// What Java calls it.
    pub name: String,
}

#[derive(Deserialize)]
struct Calls {
    calls: Vec<u64>,
}

/// A JVM that runs the program. Ends on drop.
pub struct Jvm {
    child: Guarded,
    pid: u32,
    stdin: ChildStdin,
    stdout: Lines,
    threads: Vec<JavaThread>,
    folder: TempDir,
}

impl Jvm {
    /// Starts it with more options, and returns when each of its threads has made a call.
    ///
    /// # Panics
    /// If it does not come to that.
    #[must_use]
    pub fn start(place: Place, options: &[&str]) -> Self {
        // Where every user gets to, and which is not hidden by another /tmp.
        let folder = TempDir::with_prefix_in("java-", "/var/tmp").expect("a directory for the JVM");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("opening the directory to all");
        fs::write(folder.path().join("Sender.java"), SOURCE).expect("writing the program");
        fs::write(folder.path().join("data"), [7; 4096]).expect("writing the file that it sends");
        let mut command = command(place);
        command
            .args(["-Xmx64m", "-XX:TieredStopAtLevel=1"])
            .args(options)
            .args(["Sender.java", "data"])
            .current_dir(folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Guarded::new(command.spawn().expect("starting java"));
        let stdin = child.child().stdin.take().expect("stdin is a pipe");
        let stdout = Lines::of(child.child().stdout.take().expect("stdout is a pipe"));
        let pid = match place {
            Place::Here | Place::AsUser(_) | Place::InUserNamespace(_) => child.pid(),
            Place::InNamespaces => soon(|| only_child(child.pid()).ok().flatten()).expect("unshare starts a child"),
        };
        let mut this = Self { child, pid, stdin, stdout, threads: Vec::new(), folder };
        while this.threads.len() < THREADS {
            let thread = this.next_thread();
            this.threads.push(thread);
        }
        this
    }

    /// Its process id, as this machine numbers it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its threads that make calls.
    #[must_use]
    pub fn threads(&self) -> &[JavaThread] {
        &self.threads
    }

    /// Starts one more thread, and returns when it has made a call.
    ///
    /// # Panics
    /// If it does not come to that.
    pub fn start_thread(&mut self, name: &str) -> JavaThread {
        writeln!(self.stdin, "start {name}").expect("telling the JVM to start a thread");
        self.next_thread()
    }

    /// Returns when each of its threads has made another call from start to end.
    ///
    /// # Panics
    /// If that does not happen.
    pub fn let_all_work(&mut self) {
        let before = self.calls();
        let done = |calls: Vec<u64>| before.iter().zip(calls).all(|(before, now)| now >= before + 2);
        assert!(soon(|| done(self.calls()).then_some(())).is_some(), "a thread makes no more calls");
    }

    /// How many calls each of its threads has made by now.
    fn calls(&mut self) -> Vec<u64> {
        writeln!(self.stdin, "calls").expect("asking the JVM");
        let line = self.stdout.find(ANSWER, |line| line.starts_with("{\"calls\"")).expect("the JVM answers");
        serde_json::from_str::<Calls>(&line).expect("numbers of calls").calls
    }

    /// Asserts that it goes on working, and that nobody left a file for it behind.
    ///
    /// # Panics
    /// If it does not, or somebody did.
    pub fn assert_unharmed(&mut self) {
        self.let_all_work();
        assert!(!self.has_trigger(), "a file stayed that tells it to let itself be asked");
    }

    /// Whether a file tells it to let itself be asked.
    #[must_use]
    pub fn has_trigger(&self) -> bool {
        let own_id = if self.pid == self.child.pid() { self.pid } else { 1 };
        let name = format!(".attach_pid{own_id}");
        let tmp = PathBuf::from(format!("/proc/{}/root/tmp", self.pid));
        [self.folder.path(), &tmp].iter().any(|place| place.join(&name).exists())
    }

    /// Descriptors that it has open.
    ///
    /// # Panics
    /// If it has ended.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid)).expect("the JVM runs").count()
    }

    /// Ends it, and returns all that it has printed.
    ///
    /// # Panics
    /// If it does not end, or not well.
    #[must_use]
    pub fn end(mut self) -> String {
        drop(self.stdin);
        let status = self.child.wait(ANSWER);
        assert!(status.success(), "the JVM ended with {status}");
        self.stdout.rest()
    }

    fn next_thread(&mut self) -> JavaThread {
        let line = self.stdout.find(START, |line| line.starts_with("{\"tid\"")).expect("a thread says its name");
        let thread: JavaThread = serde_json::from_str(&line).expect("the name of a thread");
        JavaThread { tid: self.outer_id(thread.tid), ..thread }
    }

    /// The id of a thread on this machine, by the one in its pid namespace.
    fn outer_id(&self, own_id: u32) -> u32 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).expect("the JVM's threads");
        let mut ids = tasks.map(|task| task.expect("a thread").file_name().to_string_lossy().into_owned());
        let outer = ids.find(|id| {
            let status = fs::read_to_string(format!("/proc/{}/task/{id}/status", self.pid)).unwrap_or_default();
            let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
            ids.split_whitespace().next_back() == Some(&own_id.to_string())
        });
        outer.expect("the thread is one of the JVM's").parse().expect("an id is a number")
    }
}

/// What starts `java`.
fn command(place: Place) -> Command {
    match place {
        Place::Here => Command::new("java"),
        Place::AsUser(id) => words(&format!("{} java", as_user(id))),
        Place::InUserNamespace(id) => in_user_namespace(id, "java"),
        Place::InNamespaces => {
            let mut command = words("unshare --pid --fork --kill-child --mount --mount-proc sh -c");
            command.args([r#"mount -t tmpfs tmpfs /tmp && exec java "$@""#, "sh"]);
            command
        }
    }
}

/// Starts a program as a user who is root in a user namespace of its own.
pub(crate) fn in_user_namespace(id: u32, program: &str) -> Command {
    words(&format!("{} unshare --user --map-root-user {program}", as_user(id)))
}

fn as_user(id: u32) -> String {
    format!("setpriv --reuid={id} --regid={id} --clear-groups")
}

/// A command without any blanks in its words.
fn words(text: &str) -> Command {
    let mut words = text.split(' ');
    let mut command = Command::new(words.next().expect("splitting gives a word"));
    command.args(words);
    command
}
