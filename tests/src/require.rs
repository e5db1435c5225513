//! What a test needs from the machine. Without it the test fails in CI (where `CI` is set); elsewhere it
//! is skipped, visibly: on stderr, and in the file that `TRACER_SKIPS` names. What a machine is known to be without, a
//! virtual one for instance, stands in `TRACER_WITHOUT`: that is skipped in CI too.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::os::schedule::become_real_time;

/// The machine, for one test alone: a second one would disturb its times.
pub type Machine = MutexGuard<'static, ()>;

static MACHINE: Mutex<()> = Mutex::new(());

/// A Python that a person has put before Debian's may lack Debian's packages.
pub const DEBIANS_PYTHON: &str = "/usr/bin/python3";

/// A thing that a test cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// To load eBPF programs, to set kernel parameters.
    Root,
    /// An account of sleeps for block I/O that does not come from tracing.
    DelayAccounting,
    /// A real-time thread: delay accounting is right for these alone.
    RealTime,
    /// A cgroup controller that limits reads per second.
    DiskThrottle,
    /// A cgroup hierarchy to make groups in.
    Cgroup,
    /// A loop device, and the right to mount it.
    LoopDisk,
    /// The web server.
    Nginx,
    /// The proxy.
    Haproxy,
    /// The server with a journal.
    Redis,
    /// A compiler of C.
    Cc,
    /// The compiler of Go.
    Go,
    /// The interpreter of Python.
    Python,
    /// The JavaScript runtime.
    Node,
    /// A HotSpot JVM that runs source files, and its jcmd.
    Java,
    /// User namespaces for everybody.
    UserNamespaces,
    /// The broker's jars.
    Kafka,
    /// A client that encrypts.
    Openssl,
    /// The program to compare with.
    Bpftrace,
    /// GitHub's own reading of Markdown.
    CmarkGfm,
    /// Prometheus' own parser.
    Promtool,
    /// The linter of GitHub's workflows.
    Actionlint,
    /// The validator that knows the schemas of CI servers.
    CheckJsonschema,
    /// The linter of shell scripts.
    Shellcheck,
    /// OpenMetrics' reference parser, for Debian's Python.
    PrometheusClient,
    /// Independent statistics, for Debian's Python.
    Scipy,
    /// The library that reads HdrHistogram's logs, and a JVM.
    HdrHistogram,
    /// A terminal to run a program on.
    Script,
    /// A terminal whose screen can be read.
    Tmux,
    /// To list the system calls of a program from its first one on.
    Strace,
    /// To choose the id of a new thread.
    ChosenThreadId,
}

impl Need {
    /// Why it is not met.
    fn missing(self) -> Option<String> {
        match self {
            Self::Root => (!rustix::process::geteuid().is_root()).then(|| "needs root".to_owned()),
            Self::DelayAccounting => absent("/proc/sys/kernel/task_delayacct"),
            Self::RealTime => {
                // In a thread of its own: it keeps the class until it ends.
                let tried = std::thread::spawn(become_real_time).join().expect("a try cannot panic");
                tried.err().map(|error| format!("{error:#}"))
            }
            Self::DiskThrottle => crate::disk::cannot_throttle(),
            Self::Cgroup => crate::cgroup::hierarchies()
                .is_empty()
                .then(|| "no cgroup hierarchy to make groups in is mounted".to_owned()),
            Self::LoopDisk => crate::disk::cannot_mount_loop(),
            Self::Bpftrace => not_installed("bpftrace", "--version"),
            Self::Strace => not_installed("strace", "--version"),
            Self::Nginx => not_installed("nginx", "-v"),
            Self::Haproxy => not_installed("haproxy", "-v"),
            Self::Redis => (!runs(Command::new(crate::redis::PROGRAM).arg0("redis-server").arg("--version")))
                .then(|| format!("{} is not installed (Debian: redis-tools)", crate::redis::PROGRAM)),
            Self::Cc => not_installed("cc", "--version"),
            Self::Node => not_installed("node", "--version"),
            Self::Go => not_installed("go", "version"),
            Self::Python => not_installed("python3", "--version"),
            Self::Java => not_installed("java", "-version").or_else(|| not_installed("jcmd", "-h")),
            Self::UserNamespaces => (!runs(&mut crate::java::in_user_namespace(1, "true")))
                .then(|| "a user other than root cannot make a user namespace".to_owned()),
            Self::Kafka => crate::kafka::missing(),
            Self::Openssl => not_installed("openssl", "version"),
            Self::CmarkGfm => not_installed("cmark-gfm", "--version"),
            Self::Promtool => not_set_up(&crate::tools::promtool()),
            Self::Actionlint => not_set_up(&crate::tools::actionlint()),
            Self::CheckJsonschema => not_set_up(&crate::tools::check_jsonschema()),
            Self::Shellcheck => not_installed("shellcheck", "--version"),
            Self::PrometheusClient => python_lacks("prometheus_client.openmetrics.parser", "python3-prometheus-client"),
            Self::Scipy => python_lacks("scipy.stats", "python3-scipy"),
            Self::HdrHistogram => {
                crate::tools::jars_missing("hdrhistogram").or_else(|| not_installed("java", "-version"))
            }
            Self::Script => not_installed("script", "--version"),
            Self::Tmux => not_installed("tmux", "-V"),
            Self::ChosenThreadId => absent("/proc/sys/kernel/ns_last_pid"),
        }
    }
}

/// Why a program cannot be used, told by whether it says its version.
fn not_installed(program: &str, version: &str) -> Option<String> {
    let mut command = Command::new(program);
    (!runs(command.arg(version))).then(|| format!("{program} is not installed"))
}

/// Why a library of Debian's Python cannot be used.
fn python_lacks(module: &str, package: &str) -> Option<String> {
    (!runs(Command::new(DEBIANS_PYTHON).args(["-c", &format!("import {module}")])))
        .then(|| format!("Debian's Python has no {module} ({package})"))
}

/// Why a program of `cargo xtask setup` cannot be used.
fn not_set_up(program: &Path) -> Option<String> {
    (!runs(Command::new(program).arg("--version")))
        .then(|| format!("{} is missing: run `cargo xtask setup`", program.display()))
}

/// Whether a command ends well.
fn runs(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn absent(path: &str) -> Option<String> {
    (!Path::new(path).exists()).then(|| format!("this kernel has no {path}"))
}

/// Gives the machine to a test if its needs are met; `None` means that it is skipped. Use [`needs!`](crate::needs).
///
/// # Panics
/// In CI, if a need is not met.
#[must_use]
pub fn machine(test: &str, needs: &[Need]) -> Option<Machine> {
    if let Some(need) = needs.iter().find(|need| does_without(&format!("{need:?}"))) {
        note_skip(test, &format!("this machine is without {need:?}"));
        return None;
    }
    if let Some(why) = needs.iter().find_map(|need| need.missing()) {
        skip(test, &why);
        return None;
    }
    // A failed test leaves nothing behind that the next one must fear.
    Some(MACHINE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Says that a test, or a part of it, does not run here.
///
/// # Panics
/// In CI, where everything must run.
pub fn skip(test: &str, why: &str) {
    assert!(!in_ci(), "{test} must run in CI: {why}");
    note_skip(test, why);
}

/// Whether this machine is known to be without `what`: a [`Need`] by its name in the code, or `Contract`, what judges a recording
/// by its published contract.
#[must_use]
pub fn does_without(what: &str) -> bool {
    std::env::var("TRACER_WITHOUT").is_ok_and(|names| names.split_whitespace().any(|name| name == what))
}

#[expect(clippy::print_stderr, reason = "a skip must be seen")]
fn note_skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}");
    eprintln!("{line}");
    if let Some(path) = std::env::var_os("TRACER_SKIPS") {
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| writeln!(file, "{line}"))
            .unwrap_or_else(|error| panic!("noting a skip in {}: {error}", path.display()));
    }
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// Gives the machine to the calling test for as long as the value lives; returns from the test if it
/// cannot run here.
#[macro_export]
macro_rules! needs {
    ($($need:ident),* $(,)?) => {{
        fn here() {}
        let name = std::any::type_name_of_val(&here).trim_end_matches("::here");
        match $crate::require::machine(name, &[$($crate::require::Need::$need),*]) {
            Some(machine) => machine,
            None => return,
        }
    }};
}
