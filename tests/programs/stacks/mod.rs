//! Stacks of programs whose code is made while they run: they write down its names themselves.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use serde_json::Value;
use tests::{
    disk::LoopDisk,
    needs,
    program::{Program, cold_file},
    recording::{Recording, Stack},
    tracer::Tracer,
};

/// Each of them is read once, and nothing is read ahead.
const PAGES: u64 = 40;

/// The list of names that a program leaves behind. Removed on drop.
struct PerfMap(PathBuf);

impl Drop for PerfMap {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = fs::remove_file(&self.0);
    }
}

/// Lets a program that is ready work and end under tracer.
fn watch(mut program: Program) -> Recording {
    let _map = PerfMap(format!("/tmp/perf-{}.map", program.pid()).into());
    let tracer = Tracer::sendfile(&format!("--pid {} --stacks", program.pid()));
    let _: Value = program.run();
    program.end();
    tracer.finish(Duration::from_secs(60)).recording
}

/// All disk waits in `place` that one thread had page by page are on stacks with `function`, called by `caller`.
fn assert_named(seen: &Recording, place: &str, function: &str, caller: &str) {
    let stacks = seen.stacks.as_deref().expect("stacks were asked for");
    let is_named = |stack: &&Stack| {
        let calls = |names: &[String]| names[0].contains(function) && names[1].contains(caller);
        stack.syscall == place && stack.user.windows(2).any(calls)
    };
    let waits: u64 = stacks.iter().filter(is_named).map(|stack| stack.disk_waits).sum();
    // A disk may answer before its reader sleeps, more often on a busy machine.
    assert!((PAGES / 4..=PAGES).contains(&waits), "{waits} disk waits in {function}: {stacks:#?}");
}

#[test]
fn methods_of_a_java_program_have_the_names_that_the_jvm_writes_down() {
    let _machine = needs!(Root, Java, LoopDisk);
    let disk = LoopDisk::mount().reading_ahead(0);
    let (cold, hot) = (cold_file(&disk, PAGES), disk.path().join("hot"));
    fs::write(&hot, [7; 4 * 4096]).expect("writing the hot file");
    let source = disk.path().join("Waiter.java");
    fs::write(&source, include_str!("Waiter.java")).expect("writing the program");
    let mut java = Command::new("java");
    // Compiled as soon as they are hot, each by itself.
    java.args(["-Xmx64m", "-Xbatch", "-XX:TieredStopAtLevel=1", "-XX:CompileCommand=quiet"]);
    java.args(["-XX:CompileCommand=dontinline,Waiter.touchesAPage", "-XX:+PreserveFramePointer"]);
    java.args(["-XX:+UnlockDiagnosticVMOptions", "-XX:+DumpPerfMapAtExit"]);
    let seen = watch(Program::start(java.arg(&source).args([&hot, &cold])));
    assert_named(&seen, "page_fault", "Waiter.touchesAPage", "Waiter.serves");
}

#[test]
fn functions_of_a_node_program_have_the_names_that_node_writes_down() {
    let _machine = needs!(Root, Node, LoopDisk);
    let disk = LoopDisk::mount().reading_ahead(0);
    let cold = cold_file(&disk, PAGES);
    let source = disk.path().join("waiter.js");
    fs::write(&source, include_str!("waiter.js")).expect("writing the program");
    let mut node = Command::new("node");
    // No function becomes a part of another one.
    node.args(["--perf-basic-prof", "--interpreted-frames-native-stack", "--no-opt"]);
    // It leaves a log where it runs.
    node.current_dir(disk.path());
    let seen = watch(Program::start(node.arg(&source).arg(&cold)));
    assert_named(&seen, "pread64", "readsAPage", "servesPages");
}
