//! Stacks of disk waits and of slow calls, against a program that knows its own functions, and bpftrace.

mod program;

use std::{collections::BTreeMap, fs, process::Command};

use tests::{
    bpftrace::Bpftrace,
    disk::LoopDisk,
    needs,
    program::{Program, cold_file},
    recording::{Recording, Stack},
    sysctl::Sysctl,
    tracer::Tracer,
    workload::Workload,
};

use self::program::{Built, COUNT, command};
use crate::watch_with;

/// How often the program slept in each of its functions.
type Slept = BTreeMap<String, u64>;

fn stacks(seen: &Recording) -> &[Stack] {
    seen.stacks.as_deref().expect("stacks were asked for")
}

/// A disk may answer before its reader sleeps, more often on a busy machine; so many sleeps of [`COUNT`] are enough to be
/// told apart, each of which must be.
const LEAST: u64 = COUNT / 4;

/// Each wait is on a stack: their sums are those of the threads.
fn assert_sums(seen: &Recording) {
    let stacks = stacks(seen);
    let over_stacks = |of: fn(&Stack) -> u64| stacks.iter().map(of).sum::<u64>();
    assert_eq!(over_stacks(|stack| stack.disk_waits), seen.threads.iter().map(|thread| thread.disk_waits).sum::<u64>());
    let ns = seen.threads.iter().map(|thread| thread.disk_wait_ns).sum::<u64>();
    assert_eq!(over_stacks(|stack| stack.disk_wait_ns), ns);
    for stack in stacks {
        assert_eq!(stack.disk_waits, stack.threads.iter().map(|thread| thread.disk_waits).sum::<u64>(), "{stack:?}");
        assert_eq!(stack.disk_wait_ns, stack.threads.iter().map(|thread| thread.disk_wait_ns).sum::<u64>());
    }
    for thread in &seen.threads {
        let rows = stacks.iter().flat_map(|stack| &stack.threads).filter(|row| row.tid == thread.tid);
        assert_eq!(rows.map(|row| row.disk_waits).sum::<u64>(), thread.disk_waits, "{thread:?}");
    }
}

/// Disk waits whose functions begin with `functions`, in the system call `place`.
fn waits(seen: &Recording, place: &str, functions: &[&str]) -> u64 {
    let begins =
        |stack: &&Stack| stack.syscall == place && stack.user.iter().zip(functions).all(|(one, other)| one == other);
    let begins = |stack: &&Stack| begins(stack) && stack.user.len() >= functions.len();
    stacks(seen).iter().filter(begins).map(|stack| stack.disk_waits).sum()
}

/// Every sleep of the program is a disk wait on the stack of the function that it was in.
fn assert_named(seen: &Recording, slept: &Slept, with_library: bool) {
    let places = [
        ("pread64", ["reads_a_page", "serves", "main"].as_slice()),
        ("page_fault", &["touches_a_page", "serves", "main"]),
        ("sendfile", &["sends_a_page", "serves", "main"]),
        ("pread64", &["reads_for_others", "asks_the_library", "serves", "main"]),
    ];
    for (place, functions) in &places[..if with_library { 4 } else { 3 }] {
        let sleeps = slept[functions[0]];
        assert!(sleeps >= LEAST, "only {sleeps} sleeps in {}", functions[0]);
        assert_eq!(waits(seen, place, functions), sleeps, "{place} {functions:?}: {:#?}", stacks(seen));
    }
}

#[test]
fn the_functions_that_wait_are_named_in_their_order() {
    let _machine = needs!(Root, Cc, LoopDisk);
    let (disk, built) = (LoopDisk::mount(), Built::new());
    let mut program = program::start(&built, &cold_file(&disk, 4 * COUNT), true, "stay");
    let tracer = Tracer::sendfile(&format!("--pid {} --stacks", program.pid()));
    let slept: Slept = program.run();
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_sums(&seen);
    assert_named(&seen, &slept, true);
    for stack in stacks(&seen).iter().filter(|stack| stack.user.iter().any(|name| name == "serves")) {
        assert!(stack.kernel[0].contains("schedule"), "{stack:?}");
        let entries = ["asm_exc_page_fault", "__x64_sys_sendfile64", "__x64_sys_pread64"];
        let entered: Vec<_> =
            entries.into_iter().filter(|entry| stack.kernel.iter().any(|name| name == entry)).collect();
        let expected = ["page_fault", "sendfile", "pread64"].iter().position(|place| *place == stack.syscall);
        assert_eq!(entered, [entries[expected.expect("one of the three")]], "{stack:?}");
    }
}

#[test]
fn disk_blocked_calls_refer_to_the_stack_that_they_waited_on() {
    let _machine = needs!(Root, Cc, LoopDisk);
    let (disk, built) = (LoopDisk::mount(), Built::new());
    let mut program = program::start(&built, &cold_file(&disk, 4 * COUNT), false, "stay");
    let tracer = Tracer::sendfile(&format!("--pid {} --stacks", program.pid()));
    let slept: Slept = program.run();
    let seen = tracer.stop().recording;
    let blocked: Vec<_> = seen.slow_calls.iter().filter(|call| call.disk_ns > 0).collect();
    assert!(blocked.len() as u64 >= LEAST && blocked.len() as u64 <= slept["sends_a_page"]);
    for call in &blocked {
        let stack = &stacks(&seen)[call.stack.expect("a stack") as usize];
        assert_eq!((stack.syscall.as_str(), stack.user[0].as_str()), ("sendfile", "sends_a_page"), "{stack:?}");
        assert!(stack.disk_waits > 0, "{stack:?}");
    }
    let referring = |id| seen.slow_calls.iter().filter(|call| call.stack == Some(id)).count() as u64;
    assert!(stacks(&seen).iter().enumerate().all(|(index, stack)| stack.id as usize == index));
    assert!(stacks(&seen).iter().all(|stack| stack.slow_calls == referring(stack.id)));
}

#[test]
fn bpftrace_sees_the_same_kernel_stacks() {
    let _machine = needs!(Root, Cc, Bpftrace, LoopDisk);
    let (disk, built) = (LoopDisk::mount(), Built::new());
    let mut program = program::start(&built, &cold_file(&disk, 4 * COUNT), false, "stay");
    let witness = Bpftrace::kernel_stacks_of(program.pid());
    let tracer = Tracer::sendfile(&format!("--pid {} --stacks", program.pid()));
    let slept: Slept = program.run();
    let seen = tracer.stop().recording;
    let witness = witness.kernel_stacks();
    let symbols = Symbols::read();
    let mut ours: BTreeMap<Vec<u64>, u64> = BTreeMap::new();
    for stack in stacks(&seen) {
        *ours.entry(symbols.addresses(&stack.kernel)).or_default() += stack.disk_waits;
    }
    let mut theirs: BTreeMap<Vec<u64>, u64> = BTreeMap::new();
    for (names, count) in &witness {
        // The tracepoint's own functions come first there.
        let begin = names.iter().position(|name| *name == stacks(&seen)[0].kernel[0]).unwrap_or(0);
        *theirs.entry(symbols.addresses(&names[begin..])).or_default() += count;
    }
    let all: u64 = theirs.values().sum();
    assert!(all >= slept.values().sum::<u64>() * 9 / 10, "bpftrace saw {all} sleeps of {slept:?}");
    // The kernel may skip either of the two where another program is active.
    let apart: u64 = ours
        .keys()
        .chain(theirs.keys())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .map(|stack| ours.get(stack).copied().unwrap_or(0).abs_diff(theirs.get(stack).copied().unwrap_or(0)))
        .sum();
    assert!(apart <= all / 50, "{apart} of {all} apart:\n{ours:x?}\n{theirs:x?}");
}

/// The kernel's functions: one may have several names.
struct Symbols(BTreeMap<String, u64>);

impl Symbols {
    fn read() -> Self {
        let text = fs::read_to_string("/proc/kallsyms").expect("the kernel's symbols");
        let mut lowest = BTreeMap::new();
        for line in text.lines() {
            let mut fields = line.split_whitespace();
            let address = u64::from_str_radix(fields.next().expect("an address"), 16).expect("an address");
            let name = fields.nth(1).expect("a name").to_owned();
            lowest.entry(name).and_modify(|least: &mut u64| *least = address.min(*least)).or_insert(address);
        }
        Self(lowest)
    }

    fn addresses(&self, names: &[String]) -> Vec<u64> {
        names.iter().map(|name| *self.0.get(name).unwrap_or_else(|| panic!("no function {name}"))).collect()
    }
}

#[test]
fn a_program_that_is_executed_in_the_window_and_ends_at_once_keeps_its_names() {
    let _machine = needs!(Root, Cc, LoopDisk);
    let (disk, built) = (LoopDisk::mount(), Built::new());
    let cold = cold_file(&disk, 4 * COUNT);
    // What is measured is a shell until it is told to go.
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo ready; read go; exec \"$0\" \"$@\""]);
    let program = command(&built, &cold, true, "end");
    shell.arg(program.get_program()).args(program.get_args());
    let mut program = Program::start(&mut shell);
    let tracer = Tracer::sendfile(&format!("--pid {} --stacks", program.pid()));
    program.go();
    let slept: Slept = program.run();
    program.end();
    let seen = tracer.finish(std::time::Duration::from_secs(30)).recording;
    assert_sums(&seen);
    assert_named(&seen, &slept, true);
}

#[test]
fn a_program_whose_files_only_its_own_mount_namespace_has_keeps_its_names() {
    let _machine = needs!(Root, Cc, LoopDisk);
    let (disk, built) = (LoopDisk::mount(), Built::new());
    let cold = cold_file(&disk, 4 * COUNT);
    let place = built.path("place");
    fs::create_dir(&place).expect("making a mount point");
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "sh", "-c"]);
    unshare.arg("mount -t tmpfs none \"$1\" && cp \"$2\" \"$3\" \"$1\" && exec \"$1/waits\" \"$4\" \"$5\" \"$1/libothers.so\" end");
    unshare.arg("sh").args([&place, &built.path("waits"), &built.path("libothers.so"), &cold]).arg(COUNT.to_string());
    let mut program = Program::start(&mut unshare);
    let tracer = Tracer::sendfile(&format!("--pid {} --stacks", program.pid()));
    let slept: Slept = program.run();
    program.end();
    let seen = tracer.finish(std::time::Duration::from_secs(30)).recording;
    assert!(!place.join("waits").exists());
    assert_sums(&seen);
    assert_named(&seen, &slept, true);
}

#[test]
fn a_slow_call_without_a_disk_wait_is_told_with_its_longest_sleep() {
    let _machine = needs!(Root);
    let (seen, _) = watch_with("--stacks", Workload::start("held --calls 4"));
    let slow: Vec<_> = seen.slow_calls.iter().filter(|call| call.disk_ns == 0).collect();
    assert!(!slow.is_empty());
    for call in slow {
        let stack = &stacks(&seen)[call.stack.expect("a stack") as usize];
        assert_eq!((stack.syscall.as_str(), stack.disk_waits), ("sendfile", 0));
        assert!(stack.kernel[0].contains("schedule"), "{stack:?}");
        assert!(stack.kernel.iter().any(|name| name == "__x64_sys_sendfile64"), "{stack:?}");
    }
}

#[test]
fn what_finds_no_room_is_counted_and_said() {
    let _machine = needs!(Root, Cc, LoopDisk);
    let (disk, built) = (LoopDisk::mount(), Built::new());
    let mut program = program::start(&built, &cold_file(&disk, 4 * COUNT), false, "stay");
    let tracer = Tracer::sendfile(&format!("--pid {} --max-stacks 1 --stacks", program.pid()));
    let slept: Slept = program.run();
    let outcome = tracer.stop();
    let seen = &outcome.recording;
    assert_sums(seen);
    let (named, rest): (Vec<_>, Vec<_>) = stacks(seen).iter().partition(|stack| !stack.kernel[0].starts_with('['));
    let sum = |stacks: &[&Stack]| stacks.iter().map(|stack| stack.disk_waits).sum::<u64>();
    // One row is kept, of the waits on the first stack: all others are counted.
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(sum(&rest) > 0 && rest.iter().all(|stack| stack.kernel == ["[no room: see --max-stacks]"]), "{rest:?}");
    assert!(seen.losses.stacks_dropped >= Some(sum(&rest)), "{:?}", seen.losses);
    assert!(seen.losses.stacks_dropped <= Some(sum(&rest) + slept["sends_a_page"]), "{:?}", seen.losses);
    assert!(outcome.stdout.contains("have no stack: raise --max-stacks"), "{}", outcome.stdout);
    assert_eq!(sum(&named) + sum(&rest), slept.values().sum::<u64>());
}

#[test]
fn hidden_kernel_names_are_said_to_be_hidden() {
    let _machine = needs!(Root, Cc, LoopDisk);
    let (disk, built) = (LoopDisk::mount(), Built::new());
    let mut program = program::start(&built, &cold_file(&disk, 4 * COUNT), false, "stay");
    let hidden = Sysctl::set("kernel.kptr_restrict", "2");
    let tracer = Tracer::sendfile(&format!("--pid {} --stacks", program.pid()));
    let slept: Slept = program.run();
    let seen = tracer.stop().recording;
    drop(hidden);
    assert_sums(&seen);
    assert_named(&seen, &slept, false);
    let kernel = ["[kernel: names hidden by kernel.kptr_restrict]"];
    assert!(stacks(&seen).iter().all(|stack| stack.kernel == kernel), "{:?}", stacks(&seen));
}

#[test]
fn without_the_option_there_are_no_stacks() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let (seen, _) = watch_with("", Workload::start_on(&disk, "cold --calls 40"));
    assert!(seen.stacks.is_none() && seen.losses.stacks_dropped.is_none());
    assert!(!seen.slow_calls.is_empty() && seen.slow_calls.iter().all(|call| call.stack.is_none()));
}

#[test]
fn folded_lines_add_up_to_the_disk_waits() {
    let _machine = needs!(Root, Cc, LoopDisk);
    let (disk, built) = (LoopDisk::mount(), Built::new());
    let mut program = program::start(&built, &cold_file(&disk, 4 * COUNT), false, "stay");
    // The format stands for the option.
    let tracer = Tracer::sendfile(&format!("--pid {} --format folded", program.pid()));
    let _: Slept = program.run();
    let outcome = tracer.stop();
    let seen = &outcome.recording;
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for line in outcome.stdout.lines() {
        let (frames, weight) = line.rsplit_once(' ').expect("frames and a weight");
        let call = ["reads_a_page", "touches_a_page", "sends_a_page"];
        let call = call.into_iter().find(|name| frames.contains(&format!(";main;serves;{name};")));
        *sums.entry(call.unwrap_or("elsewhere")).or_default() += weight.parse::<u64>().expect("a weight");
        assert!(frames.starts_with("waits;waits;") && frames.ends_with("schedule_[k]"), "{frames}");
    }
    let ns = seen.threads.iter().map(|thread| thread.disk_wait_ns).sum::<u64>();
    assert_eq!(sums.values().sum::<u64>(), ns, "{}", outcome.stdout);
    let of = |place: &str, name: &str| {
        let rows = stacks(seen).iter().filter(|stack| stack.syscall == place && stack.user[0] == name);
        rows.map(|stack| stack.disk_wait_ns).sum::<u64>()
    };
    assert_eq!(sums["reads_a_page"], of("pread64", "reads_a_page"));
    assert_eq!(sums["touches_a_page"], of("page_fault", "touches_a_page"));
}
