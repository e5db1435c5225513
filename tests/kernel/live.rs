//! The live view on a real terminal: what it shows, what its keys do, and that it leaves nothing behind.

use std::{fs, time::Duration};

use rustix::process::Signal;
use tests::{
    needs,
    process::built,
    recording::Recording,
    terminal::Terminal,
    tmux::Tmux,
    tracer::{Tracer, binary, note_run},
    truth::Truth,
    under_tracer::send,
    wait::until,
    workload::Workload,
};

use crate::{
    assert_counts,
    least_privilege::{LOOK, assert_confined},
};

/// What only the view shows.
const SIGN: &str = "live · ";

/// tracer in a terminal, and what that was before.
struct Shown {
    tmux: Tmux,
    modes: String,
}

impl Shown {
    /// Starts `tracer ARGUMENTS --live -o RECORDING BEHIND`, and returns when the view is there.
    fn start(columns: u16, rows: u16, arguments: &str, behind: &str) -> Self {
        let tmux = Tmux::start(columns, rows);
        let modes = tmux.modes("before");
        let (tracer, folder) = (binary(), tmux.folder().display().to_string());
        tmux.line(&format!(
            "clear; {} {arguments} --live -o {folder}/recording.json {}; echo code=$?",
            tracer.display(),
            behind.replace("FOLDER", &folder)
        ));
        tmux.shows("the view", |screen| screen.contains(SIGN));
        Self { tmux, modes }
    }

    /// tracer's process id.
    fn pid(&self) -> u32 {
        let folder = self.tmux.folder().display().to_string();
        let name = binary().canonicalize().unwrap();
        let is_it = |pid: &u32| {
            let runs = fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| path == name);
            runs && fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains(&folder))
        };
        let all = fs::read_dir("/proc").unwrap().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(is_it).expect("tracer runs")
    }

    /// Waits for the end: the exit code, all that the terminal shows then, and the recording. The terminal is as it was.
    fn end(&self) -> (i32, String, Recording) {
        let code_in = |screen: &str| screen.lines().find_map(|line| line.strip_prefix("code=")?.trim().parse().ok());
        let screen = self.tmux.shows("an exit code", |screen| code_in(screen).is_some());
        let (code, history) = (code_in(&screen).unwrap(), self.tmux.history());
        assert_eq!(self.tmux.modes("after"), self.modes, "the terminal is not as it was");
        assert!(!self.tmux.screen().contains(SIGN), "the view is still there:\n{}", self.tmux.screen());
        let path = self.tmux.folder().join("recording.json");
        note_run(code, path.is_file());
        (code, history, Recording::read(&path))
    }
}

/// The id in the first row of the threads.
fn first_thread(screen: &str) -> Option<u32> {
    let row = screen.lines().skip_while(|line| !line.contains("── threads by")).nth(2)?;
    row.trim_start_matches('▸').split_whitespace().next()?.parse().ok()
}

/// Commas between thousands.
fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

fn calls_of(truth: &Truth) -> String {
    grouped(truth.threads.iter().map(|thread| thread.calls).sum())
}

#[test]
fn the_view_shows_what_happens_and_its_report_is_exact() {
    let _machine = needs!(Root, Tmux);
    let mut workload = Workload::start("count --threads 5 --calls 1000");
    let shown = Shown::start(120, 40, &format!("sendfile --pid {}", workload.pid()), "");
    let tmux = &shown.tmux;
    let truth = workload.run();
    let total = calls_of(&truth);
    tmux.shows("all calls", |screen| {
        screen.lines().any(|line| line.starts_with(" sendfile") && line.contains(&format!(" {total} ")))
    });
    let mut tids: Vec<_> = truth.threads.iter().map(|thread| thread.tid).collect();
    tids.sort_unstable();

    // By id: the least first, and the other way round.
    (0..6).for_each(|_| tmux.press("s"));
    tmux.shows("the least id first", |screen| first_thread(screen) == Some(tids[0]));
    tmux.press("r");
    tmux.shows("the greatest id first", |screen| first_thread(screen) == Some(tids[4]));
    tmux.press("r");
    tmux.shows("the least id first again", |screen| first_thread(screen) == Some(tids[0]));

    // The second thread alone, and back.
    tmux.press("Down");
    tmux.press("Down");
    tmux.press("Enter");
    let screen = tmux.shows("one thread", |screen| screen.contains(&format!("── thread {} ", tids[1])));
    assert!(screen.contains("sendfile: 1,000 calls"), "{screen}");
    tmux.press("Escape");
    tmux.shows("all threads", |screen| screen.contains("── threads by id"));

    // A filter leaves one of them.
    tmux.press("/");
    tmux.line(&tids[3].to_string());
    tmux.shows("one row", |screen| screen.contains("1–1 of 1") && first_thread(screen) == Some(tids[3]));
    tmux.press("Escape");
    tmux.shows("all rows", |screen| screen.contains("1–5 of 5"));

    // Another size, and one that is too small.
    tmux.resize(100, 30);
    tmux.shows("the keys in the last of 30 lines", |screen| {
        screen.lines().count() == 30 && screen.lines().last().is_some_and(|line| line.starts_with("q quit"))
    });
    tmux.resize(30, 8);
    tmux.shows("that it is too small", |screen| screen.contains("too small"));
    tmux.resize(120, 40);
    tmux.shows("the view again", |screen| screen.contains("── threads by id"));

    tmux.press("q");
    let (code, report, seen) = shown.end();
    assert_eq!(code, 0);
    seen.assert_nothing_lost();
    assert_counts(seen.sendfile(), &truth);
    let row = report.lines().find(|line| line.trim_start().starts_with(&total));
    assert!(row.is_some(), "the report does not have {total} calls:\n{report}");
}

#[test]
fn a_paused_view_stands_still_and_the_measurement_goes_on() {
    let _machine = needs!(Root, Tmux);
    let mut workload = Workload::start("count --threads 2 --calls 700");
    let shown = Shown::start(80, 24, &format!("sendfile --pid {}", workload.pid()), "");
    shown.tmux.press("p");
    let paused = shown.tmux.shows("a pause", |screen| screen.contains("PAUSED at"));
    let truth = workload.run();
    let changed = until(Duration::from_secs(3), || (shown.tmux.screen() != paused).then_some(()));
    assert!(changed.is_none(), "a paused view changed:\n{paused}\n{}", shown.tmux.screen());
    shown.tmux.press("p");
    shown.tmux.shows("all calls", |screen| screen.contains(&calls_of(&truth)));
    shown.tmux.press("C-c");
    let (code, _, seen) = shown.end();
    assert_eq!(code, 0);
    assert_counts(seen.sendfile(), &truth);
}

#[test]
fn signals_give_the_terminal_back() {
    let _machine = needs!(Root, Tmux);
    let mut workload = Workload::start("count --threads 2 --calls 300");
    let shown = Shown::start(120, 40, &format!("sendfile --pid {}", workload.pid()), "");
    let tmux = &shown.tmux;
    let truth = workload.run();
    tmux.press("C-z");
    let stopped = tmux.shows("that it is stopped", |screen| screen.contains("Stopped"));
    assert!(!stopped.contains(SIGN), "{stopped}");
    assert_eq!(tmux.modes("stopped"), shown.modes);
    // In the background it leaves the terminal alone.
    tmux.line("clear; bg; echo still here");
    let screen = tmux.shows("the shell", |screen| screen.lines().any(|line| line == "still here"));
    assert!(!screen.contains(SIGN), "{screen}");
    assert_eq!(tmux.modes("background"), shown.modes);
    tmux.line("clear; fg; echo code=$?");
    tmux.shows("the view again", |screen| screen.contains(SIGN));
    // That of the view is a thread of its own.
    assert_confined(shown.pid(), LOOK);
    send(shown.pid(), Signal::TERM);
    let (code, report, seen) = shown.end();
    assert_eq!(code, 0, "{report}");
    assert_counts(seen.sendfile(), &truth);
    assert!(report.lines().any(|line| line.trim_start().starts_with("600 ")), "no report:\n{report}");
}

/// Also a view that is made to panic.
#[test]
fn a_view_that_fails_takes_neither_the_terminal_nor_the_measurement_with_it() {
    let _machine = needs!(Root, Tmux);
    let mut workload = Workload::start("count --threads 2 --calls 300");
    let shown = Shown::start(100, 30, &format!("sendfile --pid {}", workload.pid()), "");
    let truth = workload.run();
    (0..5).for_each(|_| shown.tmux.press("s"));
    let (sorted, panicked) = ("threads by connections behind", "the live view has failed");
    let screen =
        shown.tmux.shows("sorted threads, or a panic", |screen| screen.contains(sorted) || screen.contains(panicked));
    // That is told when the view is gone.
    assert!(!(screen.contains(panicked) && screen.contains(SIGN)), "{screen}");
    shown.tmux.press("C-c");
    let (code, _, seen) = shown.end();
    assert_eq!(code, 0);
    assert_counts(seen.sendfile(), &truth);
}

#[test]
fn a_command_writes_to_its_file_and_not_on_the_view() {
    let _machine = needs!(Root, Tmux);
    let program = built("workload");
    let script = format!("echo spoken; echo shouted >&2; {} at-once --calls 20; sleep 3; exit 7", program.display());
    let behind = format!("--command-output FOLDER/said -- sh -c '{script}'");
    let shown = Shown::start(100, 30, "run", &behind);
    let (code, history, seen) = shown.end();
    assert_eq!(code, 7, "{history}");
    assert_eq!(fs::read_to_string(shown.tmux.folder().join("said")).unwrap(), "spoken\nshouted\n");
    assert!(!history.lines().any(|line| line == "spoken" || line == "shouted"), "{history}");
    assert_eq!(seen.sendfile().calls, 20);
}

/// Clock ticks of CPU time that a process has had (proc_pid_stat(5)).
fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("tracer runs");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks")).sum()
}

#[test]
fn a_terminal_that_is_gone_keeps_neither_the_cpu_nor_the_measurement() {
    let _machine = needs!(Root, Tmux);
    let program = built("workload");
    // A command that outlives its terminal, and tracer with it.
    let script = format!("trap \"\" HUP; sleep 6; {} at-once --calls 20", program.display());
    let shown = Shown::start(100, 30, "run", &format!("--command-output FOLDER/said -- sh -c '{script}'"));
    let pid = shown.pid();
    shown.tmux.hang_up();
    std::thread::sleep(Duration::from_millis(500));
    let before = cpu_ticks(pid);
    std::thread::sleep(Duration::from_secs(2));
    let ticks = cpu_ticks(pid) - before;
    // Of two hundred; a loop that runs in circles takes most of them.
    assert!(ticks < 100, "{ticks} clock ticks of CPU time in two seconds");
    let path = shown.tmux.folder().join("recording.json");
    until(Duration::from_secs(60), || path.is_file().then_some(())).expect("a recording");
    assert_eq!(Recording::read(&path).sendfile().calls, 20);
}

#[test]
fn where_nothing_can_be_drawn_lines_come_instead() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 2 --calls 100");
    let tracer = Tracer::sendfile(&format!("--pid {} --live -d 1500ms", workload.pid()));
    let truth = workload.run();
    let outcome = tracer.finish(Duration::from_secs(30));
    assert_counts(outcome.recording.sendfile(), &truth);
    assert!(outcome.stderr.contains("no live view: stdout is no terminal"), "{}", outcome.stderr);
    assert!(outcome.stdout.lines().next().is_some_and(|line| line.contains("calls/s")), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains('\x1b'), "{}", outcome.stdout);
}

#[test]
fn a_command_without_a_place_for_what_it_says_is_refused() {
    let _machine = needs!(Root, Script);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ran");
    // What a program says that ends at once, script(1) may not hand on.
    let lingers = "code=$?; sleep 1; exit $code";
    let line = format!("TERM=xterm {} run --live -- touch {}; {lingers}", binary().display(), path.display());
    let (code, screen) = Terminal::start(&line).end();
    assert_eq!(code, 125, "{screen}");
    assert!(screen.contains("--command-output FILE"), "{screen}");
    assert!(!path.exists(), "the command ran");
}
