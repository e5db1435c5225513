//! The progress line, on a terminal of its own.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tests::{
    needs,
    process::{Guarded, exit_code, only_child},
    workload::Workload,
};

const LIMIT: Duration = Duration::from_secs(60);

/// tracer on a terminal, whose output is in a file.
struct Terminal {
    script: Guarded,
    folder: TempDir,
}

impl Terminal {
    fn start(workload: &Workload, options: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let tracer = tests::tracer::binary();
        let command = format!(
            "exec {} sendfile --pid {} -o {}/run.json {options}",
            tracer.display(),
            workload.pid(),
            folder.path().display()
        );
        let mut script = Command::new("script");
        script.args(["-qefc", &command, "/dev/null"]).env("TERM", "xterm");
        script.stdin(Stdio::null()).stdout(File::create(folder.path().join("screen")).unwrap());
        Self { script: Guarded::new(script.spawn().unwrap()), folder }
    }

    fn screen(&self) -> String {
        fs::read_to_string(self.folder.path().join("screen")).unwrap()
    }

    /// Waits until the terminal has shown `text`.
    fn wait_for(&self, text: &str) {
        let deadline = Instant::now() + LIMIT;
        while !self.screen().contains(text) {
            assert!(Instant::now() < deadline, "{text} is not shown:\n{:?}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the measurement as Ctrl-C does; what was on the terminal.
    fn end(mut self) -> (String, bool) {
        let tracer = only_child(self.script.pid()).unwrap().expect("script has started tracer");
        kill_process(Pid::from_raw(i32::try_from(tracer).unwrap()).unwrap(), Signal::INT).unwrap();
        let code = exit_code(self.script.wait(LIMIT));
        assert_eq!(code, 0, "{}", self.screen());
        (self.screen(), Path::new(&self.folder.path().join("run.json")).exists())
    }
}

#[test]
fn a_terminal_shows_the_time_and_the_calls_while_a_file_is_made() {
    let _machine = needs!(Root, Script);
    let mut workload = Workload::start("count --threads 5 --calls 10");
    let terminal = Terminal::start(&workload, "-d 10m -q");
    terminal.wait_for("tracing sendfile of --pid");
    let truth = workload.run();
    let calls: u64 = truth.threads.iter().map(|thread| thread.calls).sum();
    terminal.wait_for(&format!(" left · {calls} calls seen"));
    let (screen, written) = terminal.end();
    assert!(written);
    // The line is below the message, and gone at the end.
    let (before, _) = screen.split_once(" left · ").unwrap();
    assert!(before.starts_with("tracing sendfile") && before.contains("for 600 s\r\n"), "{screen:?}");
    let (_, after) = screen.rsplit_once("calls seen").unwrap();
    assert!(after.contains("\x1b[2K") && !after.contains('\n'), "{screen:?}");
}

#[test]
fn the_report_comes_after_the_line_is_gone() {
    let _machine = needs!(Root, Script);
    let mut workload = Workload::start("count --threads 1 --calls 3");
    let terminal = Terminal::start(&workload, "--color never");
    terminal.wait_for("tracing sendfile of --pid");
    workload.run();
    terminal.wait_for("until Ctrl-C · 3 calls seen");
    let (screen, _) = terminal.end();
    let (line, report) = screen.split_once("tracer sendfile · ").expect("a report");
    assert!(line.trim_end_matches('\r').ends_with("\x1b[2K"), "{screen:?}");
    assert!(!report.contains("calls seen") && !report.contains('\x1b'), "{screen:?}");
}

#[test]
fn intervals_on_stdout_take_its_place() {
    let _machine = needs!(Root, Script);
    let workload = Workload::start("count --threads 1 --calls 3");
    let terminal = Terminal::start(&workload, "-i 200ms --color never");
    terminal.wait_for("tracing sendfile of --pid");
    terminal.wait_for("calls/s");
    let (screen, _) = terminal.end();
    assert!(!screen.contains("calls seen") && !screen.contains("\x1b["), "{screen:?}");
}

#[test]
fn where_stderr_is_no_terminal_there_is_none() {
    let _machine = needs!(Root);
    let workload = Workload::start("count --threads 1 --calls 3");
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(tests::tracer::binary());
    command.args(["sendfile", "--pid", &workload.pid().to_string(), "-d", "1200ms", "-q", "-o"]);
    let output = command.arg(folder.path().join("run.json")).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.lines().count() == 1 && said.starts_with("tracing "), "{said:?}");
}
