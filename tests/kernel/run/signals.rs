//! Signals: each reaches the command once, from the terminal or through tracer.

use rustix::process::Signal;
use tests::{
    needs,
    process::only_child,
    terminal::Terminal,
    tracer::binary,
    under_tracer::{UnderTracer, send},
    wait::soon,
};

use super::workload;

/// By kill(2): `si_code` in include/uapi/asm-generic/siginfo.h.
const BY_A_PROCESS: &str = "0";
/// By the kernel: the same file.
const BY_THE_TERMINAL: &str = "128 0";

#[test]
fn a_signal_for_tracer_is_passed_on_once() {
    let _machine = needs!(Root);
    let mut tracer = UnderTracer::start("", &[&workload(), "signals", "--code", "7"]);
    tracer.printed(|line| line == "ready");
    let signals = [Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2, Signal::WINCH, Signal::INT, Signal::TERM];
    let mut expected = vec!["ready".to_owned()];
    for signal in signals {
        let line = format!("{} {BY_A_PROCESS} {}", signal.as_raw(), tracer.pid());
        tracer.signal(signal);
        // One after the other: the command would see two that are alike as one.
        tracer.printed(|printed| printed == line);
        expected.push(line);
    }
    let ended = tracer.finish();
    assert_eq!((ended.code, ended.said().as_str()), (7, ""));
    let lines: Vec<_> = std::str::from_utf8(&ended.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(lines, expected);
    ended.recording();
}

#[test]
fn a_second_interrupt_ends_a_command_that_does_not_heed_the_first() {
    let _machine = needs!(Root);
    let mut tracer = UnderTracer::start("", &[&workload(), "signals"]);
    tracer.printed(|line| line == "ready");
    tracer.signal(Signal::INT);
    tracer.printed(|line| line.starts_with("2 "));
    tracer.signal(Signal::INT);
    let ended = tracer.finish();
    assert_eq!((ended.code, ended.said().as_str()), (137, ""));
    ended.recording();
}

#[test]
fn a_signal_before_the_command_is_let_go_ends_both() {
    let _machine = needs!(Root);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("ran");
        let tracer = UnderTracer::start("", &["touch", mark.to_str().unwrap()]);
        tracer.command_pid();
        // Attaching takes a tenth of a second; should it be over, the command has been let go and has its own code.
        tracer.signal(signal);
        let ended = tracer.finish();
        assert!(ended.code == code && !mark.exists() || ended.code == 0 && mark.exists(), "{}", ended.said());
        assert_eq!(ended.said(), "");
    }
}

#[test]
fn a_signal_while_a_target_is_waited_for_ends_both() {
    let _machine = needs!(Root);
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    for selector in ["--comm t-nobody", "--cgroup t-none/t-nobody"] {
        let arguments = format!("sendfile {selector} --wait");
        let mut tracer = UnderTracer::start_as(&arguments, &["touch", mark.to_str().unwrap()]);
        tracer.said(|line| line.starts_with("waiting for "));
        tracer.signal(Signal::TERM);
        let ended = tracer.finish();
        assert_eq!(ended.code, 143, "{selector}: {}", ended.said());
        assert!(!mark.exists() && ended.recording.is_none(), "{selector}");
    }
}

/// A command line that runs the program which says what signals it gets.
fn line(arguments: &str) -> String {
    format!("{} run -q {arguments} -- {} signals", binary().display(), workload())
}

#[test]
fn the_terminals_ctrl_c_reaches_the_command_once() {
    let _machine = needs!(Root, Script);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let mut terminal = Terminal::start(&format!("exec {}", line(&format!("-o {}", path.display()))));
    terminal.shows(|line| line == "ready");
    for (keys, number) in [(b"\x03", "2"), (b"\x1c", "3")] {
        terminal.press(keys);
        // The terminal shows ^C before it.
        terminal.shows(|line| line.ends_with(&format!("{number} {BY_THE_TERMINAL}")));
    }
    terminal.press(b"\x03");
    let (code, screen) = terminal.end();
    assert_eq!(code, 137, "{screen}");
    // Beside the terminal nobody sent it anything.
    assert!(!screen.contains(&format!(" {BY_A_PROCESS} ")), "{screen}");
    tests::contract::check(&path);
}

/// The state letter of a process.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

#[test]
fn ctrl_z_stops_both_and_fg_continues_both() {
    let _machine = needs!(Root, Script);
    // `set -m`: jobs, as at a prompt.
    let script = format!("set -m; {}; echo stopped $?; read word; fg >/dev/null; echo ended $?", line(""));
    let mut terminal = Terminal::start(&format!("exec bash -c '{script}'"));
    terminal.shows(|line| line == "ready");
    let shell = only_child(terminal.pid()).unwrap().expect("the shell");
    let tracer = only_child(shell).unwrap().expect("tracer");
    let command = only_child(tracer).unwrap().expect("the command");
    terminal.press(b"\x1a");
    terminal.shows(|line| line.ends_with("stopped 148"));
    for pid in [tracer, command] {
        soon(|| (state(pid) == Some('T')).then_some(())).unwrap_or_else(|| panic!("{pid} is not stopped"));
    }
    terminal.press(b"\n");
    for pid in [tracer, command] {
        soon(|| (state(pid) != Some('T')).then_some(())).unwrap_or_else(|| panic!("{pid} is not continued"));
    }
    send(tracer, Signal::TERM);
    let (code, screen) = terminal.end();
    assert!(screen.contains("ended 0"), "{screen}");
    assert_eq!(code, 0, "{screen}");
}
