//! A JVM that is asked for the names of its threads: what it says itself, what jcmd says, and what its threads say.

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;
use tests::{
    java::{JavaThread, Jvm, Place, THREADS},
    jcmd::threads_of,
    needs,
    process::{Guarded, exit_code},
    tracer::{Outcome, Tracer, binary},
    under_tracer::at_a_prompt,
    wait::soon,
    workload::Workload,
};

/// The user `nobody`.
const NOBODY: u32 = 65_534;

/// For one exchange: its own limit is 3 s, and the machine may be busy.
const LIMIT: Duration = Duration::from_secs(8);

fn asking(pid: u32) -> Tracer {
    Tracer::sendfile(&format!("--pid {pid} --java-names --verbose"))
}

fn watch(jvm: &mut Jvm) -> Outcome {
    let tracer = asking(jvm.pid());
    jvm.let_all_work();
    tracer.stop()
}

/// Names by thread id, kernel's and best.
fn names(outcome: &Outcome) -> BTreeMap<u32, (String, String)> {
    let threads = &outcome.recording.sendfile().threads;
    threads.iter().map(|thread| (thread.tid, (thread.comm.clone(), thread.name.clone()))).collect()
}

/// Each thread has the name that it gives itself, beside the one that the kernel keeps of it.
fn assert_named(outcome: &Outcome, jvm: &Jvm, threads: &[JavaThread]) {
    let seen = names(outcome);
    let expected = threads.iter().map(|JavaThread { tid, name }| {
        let comm = fs::read_to_string(format!("/proc/{}/task/{tid}/comm", jvm.pid())).expect("the kernel's name");
        (*tid, (comm.strip_suffix('\n').unwrap_or(&comm).to_owned(), name.clone()))
    });
    assert_eq!(seen, expected.collect());
    assert_eq!(warnings(outcome), "");
}

/// No thread has more than its kernel's name, which is said in one line with all of `words`.
fn assert_unnamed(outcome: &Outcome, words: &[&str]) {
    let seen = names(outcome);
    assert!(seen.values().all(|(comm, name)| comm == name), "{seen:?}");
    let said = warnings(outcome);
    assert_eq!(said.lines().count(), 1, "{said}");
    for word in words.iter().chain(&["tracer: --java-names: process ", "the kernel's names"]) {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

/// What was said of the option.
fn warnings(outcome: &Outcome) -> String {
    outcome.stderr.lines().filter(|line| line.contains("--java-names")).collect::<Vec<_>>().join("\n")
}

/// The window opened soon all the same, as far as it depends on the JVM: attaching takes its own time.
fn assert_soon(outcome: &Outcome) {
    let words = "tracer: asked for names of Java threads: ";
    let took = outcome.stderr.lines().find_map(|line| line.strip_prefix(words)?.strip_suffix(" ms")?.parse().ok());
    let took = Duration::from_millis(took.expect("tracer says how long it asked"));
    assert!(took < LIMIT, "{took:?}");
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).expect("an id"), signal).expect("the process runs");
}

/// What jcmd says of the threads whose names are in one line.
fn by_jcmd(pid: u32) -> BTreeMap<u32, String> {
    threads_of(pid).into_iter().map(|thread| (thread.tid, thread.name)).collect()
}

#[test]
fn its_threads_have_the_names_that_they_and_jcmd_give_them() {
    let _machine = needs!(Root, Java);
    let mut jvm = Jvm::start(Place::Here, &[]);
    let outcome = watch(&mut jvm);
    assert_named(&outcome, &jvm, jvm.threads());
    let by_jcmd = by_jcmd(jvm.pid());
    let seen = names(&outcome);
    // jcmd does not join the two halves of a character beyond 16 bits.
    let comparable = |(tid, name): &(&u32, &String)| seen.contains_key(tid) && !name.contains('\u{fffd}');
    let compared: Vec<_> = by_jcmd.iter().filter(comparable).collect();
    assert_eq!(compared.len(), THREADS - 2, "{by_jcmd:?}");
    for (tid, name) in compared {
        assert_eq!(&seen[tid].1, name);
    }
    jvm.assert_unharmed();
    assert!(!jvm.end().contains("Full thread dump"));
}

#[test]
fn no_name_acts_on_the_terminal() {
    let _machine = needs!(Root, Java);
    let mut jvm = Jvm::start(Place::Here, &[]);
    let outcome = watch(&mut jvm);
    assert!(!outcome.stdout.contains(['\x1b', '\u{202e}']), "{:?}", outcome.stdout);
    assert!(outcome.stdout.contains(r"\x1b[31mred\u{202e}"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains(r#"two\nlines "and\n\nmore" #13"#), "{}", outcome.stdout);
}

#[test]
fn without_the_option_nobody_is_asked() {
    let _machine = needs!(Root, Java);
    let mut jvm = Jvm::start(Place::Here, &[]);
    let before = jvm.descriptors();
    let tracer = Tracer::of_process(jvm.pid());
    jvm.start_thread("a name of more than fifteen characters");
    jvm.let_all_work();
    let outcome = tracer.stop();
    let seen = names(&outcome);
    assert_eq!(seen.len(), THREADS + 1);
    assert!(seen.values().all(|(comm, name)| comm == name), "{seen:?}");
    // Two ends of its pipe and the file; an attach socket would be one more.
    assert!(jvm.descriptors() <= before + 6, "{} after {before}", jvm.descriptors());
    assert!(!fs::exists(format!("/tmp/.java_pid{}", jvm.pid())).unwrap());
}

#[test]
fn a_thread_that_starts_inside_the_window_is_asked_for_after_it() {
    let _machine = needs!(Root, Java);
    let mut jvm = Jvm::start(Place::Here, &[]);
    let tracer = asking(jvm.pid());
    let late = jvm.start_thread("started inside the window, with a long name");
    jvm.let_all_work();
    let outcome = tracer.stop();
    let threads: Vec<_> = jvm.threads().iter().cloned().chain([late]).collect();
    assert_named(&outcome, &jvm, &threads);
    jvm.assert_unharmed();
}

#[test]
fn nothing_stays_open_on_either_side() {
    let _machine = needs!(Root, Java);
    let mut jvm = Jvm::start(Place::Here, &[]);
    // The JVM keeps its attach socket once somebody has asked.
    let outcome = watch(&mut jvm);
    assert_named(&outcome, &jvm, jvm.threads());
    let before = jvm.descriptors();
    let tracer = asking(jvm.pid());
    let links = |name: &str| {
        let entries = fs::read_dir(format!("/proc/{}/{name}", tracer.pid())).expect("tracer runs");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    let open: Vec<_> = links("fd").iter().filter_map(|fd| fs::read_link(fd).ok()).collect();
    let foreign =
        |path: &&std::path::PathBuf| path.ends_with("tmp") || path.display().to_string().contains(".java_pid");
    assert_eq!(open.iter().filter(foreign).count(), 0, "{open:?}");
    let comms: Vec<_> = links("task").iter().filter_map(|task| fs::read_to_string(task.join("comm")).ok()).collect();
    assert!(!comms.contains(&"java-names\n".to_owned()), "{comms:?}");
    jvm.let_all_work();
    assert_named(&tracer.stop(), &jvm, jvm.threads());
    assert_eq!(jvm.descriptors(), before);
    jvm.assert_unharmed();
}

#[test]
fn a_jvm_in_a_container_is_asked_by_its_own_ids_in_its_own_tmp() {
    let _machine = needs!(Root, Java);
    let mut jvm = Jvm::start(Place::InNamespaces, &[]);
    let outcome = watch(&mut jvm);
    assert_named(&outcome, &jvm, jvm.threads());
    jvm.assert_unharmed();
    assert!(!jvm.end().contains("Full thread dump"));
}

#[test]
fn a_jvm_of_another_user_is_asked_as_that_user() {
    let _machine = needs!(Root, Java, UserNamespaces);
    // From a user namespace, a JVM sees root as a stranger, as JVMs of old do anywhere.
    for place in [Place::AsUser(NOBODY), Place::InUserNamespace(NOBODY)] {
        let mut jvm = Jvm::start(place, &[]);
        // The second time over the socket that is there.
        for _ in 0..2 {
            let outcome = watch(&mut jvm);
            assert_named(&outcome, &jvm, jvm.threads());
        }
        jvm.assert_unharmed();
        assert!(!jvm.end().contains("Full thread dump"));
    }
}

#[test]
fn a_jvm_that_is_stopped_delays_the_measurement_a_little_at_most() {
    let _machine = needs!(Root, Java);
    let mut jvm = Jvm::start(Place::Here, &[]);
    for _ in 0..2 {
        signal(jvm.pid(), Signal::STOP);
        let tracer = asking(jvm.pid());
        signal(jvm.pid(), Signal::CONT);
        jvm.assert_unharmed();
        let outcome = tracer.stop();
        assert_unnamed(&outcome, &["is stopped", "kill -CONT"]);
        assert_soon(&outcome);
        // With its socket open, the next time.
        let outcome = watch(&mut jvm);
        assert_named(&outcome, &jvm, jvm.threads());
    }
    assert!(!jvm.end().contains("Full thread dump"));
}

/// A file with the option that makes a JVM refuse: there tracer does not find it.
fn hidden_refusal() -> (NamedTempFile, String) {
    let file = NamedTempFile::new().expect("a file of options");
    fs::write(&file, "-XX:+DisableAttachMechanism\n").expect("writing the options");
    let option = format!("@{}", file.path().display());
    (file, option)
}

#[test]
fn a_jvm_that_does_not_answer_delays_the_measurement_a_little_at_most() {
    let _machine = needs!(Root, Java);
    let (_file, refusal) = hidden_refusal();
    let mut jvm = Jvm::start(Place::Here, &[&refusal]);
    let tracer = asking(jvm.pid());
    jvm.assert_unharmed();
    let outcome = tracer.stop();
    assert_unnamed(&outcome, &["did not answer within 3s", "SIGQUIT"]);
    assert_soon(&outcome);
    jvm.assert_unharmed();
}

#[test]
fn a_signal_while_the_jvm_is_asked_leaves_no_file_behind() {
    let _machine = needs!(Root, Java);
    let (_file, refusal) = hidden_refusal();
    let mut jvm = Jvm::start(Place::Here, &[&refusal]);
    let mut command = Command::new(binary());
    command.args(["sendfile", "--java-names", "--pid", &jvm.pid().to_string()]);
    let mut command = at_a_prompt(&command);
    let mut tracer =
        Guarded::new(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starting tracer"));
    soon(|| jvm.has_trigger().then_some(())).expect("tracer asks");
    tracer.interrupt();
    assert_eq!(exit_code(tracer.wait(4 * LIMIT)), 128 + 2);
    jvm.assert_unharmed();
}

#[test]
fn a_jvm_that_sigquit_would_end_is_not_sent_it() {
    let _machine = needs!(Root, Java);
    let (_file, refusal) = hidden_refusal();
    let mut jvm = Jvm::start(Place::Here, &["-Xrs", &refusal]);
    assert_unnamed(&watch(&mut jvm), &["does not catch SIGQUIT", "-Xrs"]);
    jvm.assert_unharmed();
    let mut jvm = Jvm::start(Place::Here, &["-Xrs", "-XX:+DisableAttachMechanism"]);
    assert_unnamed(&watch(&mut jvm), &["-XX:+DisableAttachMechanism", "command line"]);
    jvm.assert_unharmed();
}

#[test]
fn a_jvm_without_signals_is_asked_all_the_same() {
    let _machine = needs!(Root, Java);
    // It opens its socket when it starts.
    let mut jvm = Jvm::start(Place::Here, &["-Xrs"]);
    let outcome = watch(&mut jvm);
    assert_named(&outcome, &jvm, jvm.threads());
    jvm.assert_unharmed();
}

#[test]
fn a_jvm_that_refuses_to_be_asked_is_not_disturbed() {
    let _machine = needs!(Root, Java);
    let mut jvm = Jvm::start(Place::Here, &["-XX:+DisableAttachMechanism"]);
    assert_unnamed(&watch(&mut jvm), &["-XX:+DisableAttachMechanism", "command line"]);
    jvm.assert_unharmed();
    assert!(!jvm.end().contains("Full thread dump"));
}

#[test]
fn another_program_is_left_alone() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 2 --calls 100");
    let tracer = asking(workload.pid());
    workload.run();
    let outcome = tracer.stop();
    assert_unnamed(&outcome, &["(workload)", "no HotSpot JVM", "libjvm.so"]);
    assert_eq!(outcome.recording.sendfile().calls, 200);
    workload.end();
}
