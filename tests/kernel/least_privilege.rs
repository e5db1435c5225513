//! With as little power as it needs: as a user who is not root, and, once the probes hang, with none that it does not use.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tests::{
    disk::LoopDisk,
    needs,
    os::rungs,
    process::{Guarded, only_child},
    recording::{Probe, Recording},
    sysctl::Sysctl,
    tracer::{self, Outcome, Tracer},
    unprivileged::{NOBODY, Nobody, become_nobody},
    wait,
    workload::Workload,
};

use crate::{assert_adds_up, assert_counts, lockdown, role};

const END: Duration = Duration::from_secs(60);

/// Loads and attaches eBPF programs.
const TWO: &str = "+bpf,+perfmon";

/// Looks into processes of other users as well.
const FOUR: &str = "+bpf,+perfmon,+sys_ptrace,+dac_read_search";

/// Bits of `CAP_DAC_READ_SEARCH` and `CAP_SYS_PTRACE` (include/uapi/linux/capability.h).
pub const LOOK: u64 = 1 << 2 | 1 << 19;

/// Bit of `CAP_BPF`.
const BPF: u64 = 1 << 39;

/// Lets tracer watch `workload` as the user nobody with `capabilities`.
fn watched_by_nobody(capabilities: &str, arguments: &str, workload: &mut Workload) -> (Outcome, tests::truth::Truth) {
    let nobody = Nobody::new();
    let arguments = format!("--pid {} {arguments}", workload.pid());
    let tracer = Tracer::start_as(nobody.tracer(capabilities), "sendfile", &arguments);
    let truth = workload.run();
    let outcome = tracer.stop();
    assert_adds_up(outcome.recording.sendfile());
    (outcome, truth)
}

fn probe<'a>(seen: &'a Recording, name: &str) -> Option<&'a Probe> {
    seen.probes.iter().find(|probe| probe.name == name)
}

#[test]
fn two_capabilities_are_enough_to_count_every_call() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 4 --calls 5000 --fail EBADF=7,EAGAIN=5");
    let (outcome, truth) = watched_by_nobody(TWO, "", &mut workload);
    let seen = &outcome.recording;
    assert_counts(seen.sendfile(), &truth);
    seen.assert_nothing_lost_but(&[lockdown::unavailable(), &["descriptors"]].concat());
    for name in ["sendfile", "disk waits", "page cache", "readiness"] {
        let probe = probe(seen, name).expect("it is listed");
        assert_eq!(probe.status, "attached", "{probe:?}");
    }
    // What it cannot look into is root's.
    let said = format!(
        "cannot look into process {} (workload) without CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        workload.pid()
    );
    let reason = probe(seen, "descriptors").and_then(|probe| probe.reason.clone()).expect("a reason");
    assert!(reason.ends_with(&said), "{reason}");
    assert_eq!(outcome.stderr.matches(&said).count(), 1, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("CAP_SYS_PTRACE"), "{}", outcome.stdout);
}

#[test]
fn a_setting_that_keeps_perf_events_away_is_named() {
    let _machine = needs!(Root);
    let target = Workload::start("count --threads 1 --calls 10");
    let _setting = Sysctl::set("kernel.perf_event_paranoid", "3");
    let mut command = Nobody::new().tracer(TWO);
    let arguments = format!("sendfile --pid {} -d 100ms --mechanism kprobe", target.pid());
    let output = command.args(arguments.split_whitespace()).output().expect("tracer runs");
    let said = tracer::said(&output);
    let names_it = said.contains("kernel.perf_event_paranoid is 3, past which only CAP_SYS_ADMIN comes");
    // Other kernels than Debian's know no such level, and those without kprobes another reason.
    let is_kept_away = rungs::of_calls().contains(&"kprobe") && output.status.code() != Some(0);
    assert_eq!(names_it, is_kept_away, "{said}");
}

#[test]
fn what_a_capability_adds_is_missed_and_named_without_it() {
    let _machine = needs!(Root, LoopDisk);
    for (capabilities, watched) in [(TWO, None), (FOUR, Some(8))] {
        let disk = LoopDisk::mount();
        let mut workload = Workload::start_on(&disk, "loops --turns 60");
        let (outcome, truth) = watched_by_nobody(capabilities, "--with pagecache --stacks", &mut workload);
        let seen = &outcome.recording;
        // The kernel half knows who is an event loop, what blocked it, and which file that was.
        let tid = truth.threads[0].tid;
        assert_eq!(
            (role(seen, tid), seen.verdict.status.as_str()),
            (Some("event_loop"), "blocked"),
            "{:?}",
            seen.verdict
        );
        assert!(seen.slow_calls.iter().any(|call| call.path.as_deref().is_some_and(|path| path.starts_with('/'))));
        let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
        assert_eq!((event_loop.tid, event_loop.watched), (tid, watched));
        let unavailable = if watched.is_none() { &["descriptors", "functions", "mounts"][..] } else { &[] };
        seen.assert_nothing_lost_but(unavailable);
        let stacks = seen.stacks.as_deref().expect("stacks were asked for");
        let is_named = |stack: &tests::recording::Stack| stack.user.iter().any(|name| name.contains("read_exact_at"));
        assert_eq!(stacks.iter().any(is_named), watched.is_some(), "{stacks:?}");
        assert!(stacks.iter().all(|stack| stack.kernel == ["[kernel: names hidden without CAP_SYSLOG]"]), "{stacks:?}");
    }
}

#[test]
fn processes_of_the_same_user_take_no_more_than_two_capabilities() {
    let _machine = needs!(Root);
    let target = Guarded::new(become_nobody().args(["sleep", "60"]).spawn().expect("starting a process of nobody"));
    wait::soon(|| (comm(target.pid()) == "sleep").then_some(())).expect("it becomes sleep");
    let nobody = Nobody::new();
    let arguments = format!("--pid {} --stacks -d 200ms", target.pid());
    let outcome = Tracer::start_as(nobody.tracer(TWO), "sendfile", &arguments).finish(END);
    assert!(["descriptors", "functions"].iter().all(|name| probe(&outcome.recording, name).is_none()));
    assert!(!outcome.stderr.contains("CAP_"), "{}", outcome.stderr);
}

fn comm(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned()
}

/// What `/proc/PID/task/TID/status` has under `name`, of each thread.
fn of_each_thread(pid: u32, name: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let statuses = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
    let value = |status: String| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.expect("a line of this name").trim().to_owned()
    };
    statuses.map(value).collect()
}

fn bits(text: &str) -> u64 {
    u64::from_str_radix(text, 16).expect("hexadecimal")
}

/// Whether this kernel lets maps be read only with `CAP_BPF`, as those before 5.19 do where eBPF is not for everybody.
fn reading_takes_a_capability() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel's release");
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    let version = (numbers.next(), numbers.next());
    let for_all = fs::read_to_string("/proc/sys/kernel/unprivileged_bpf_disabled").is_ok_and(|text| text.trim() == "0");
    version < (Some(5), Some(19)) && !for_all
}

/// No thread of a tracer whose window is open has more than this.
pub fn assert_confined(pid: u32, kept: u64) {
    let kept = if reading_takes_a_capability() { kept | BPF } else { kept };
    for name in ["CapEff", "CapPrm"] {
        let sets: Vec<_> = of_each_thread(pid, name).iter().map(|text| bits(text)).collect();
        assert!(!sets.is_empty() && sets.iter().all(|&set| set == kept), "{name}: {sets:x?}, not {kept:x}");
    }
    for (name, value) in
        [("CapInh", "0000000000000000"), ("CapAmb", "0000000000000000"), ("NoNewPrivs", "1"), ("Seccomp", "2")]
    {
        let values = of_each_thread(pid, name);
        assert!(values.iter().all(|other| other == value), "{name}: {values:?}");
    }
}

#[test]
fn once_the_probes_hang_nothing_is_left_but_what_reading_takes() {
    let _machine = needs!(Root);
    let target = Workload::start("count --threads 1 --calls 10");
    let tracer = Tracer::of_process(target.pid());
    assert_confined(tracer.pid(), LOOK);
    drop(tracer.stop());
    // A user who has more capabilities than are needed has none of them for long.
    let nobody = Nobody::new();
    let given = format!("{FOUR},+sys_admin,+net_admin");
    let tracer = Tracer::start_as(nobody.tracer(&given), "sendfile", &format!("--pid {} --follow", target.pid()));
    assert_confined(tracer.pid(), LOOK);
    drop(tracer.stop());
    let tracer = Tracer::start_as(nobody.tracer(TWO), "sendfile", &format!("--pid {}", target.pid()));
    assert_confined(tracer.pid(), 0);
    drop(tracer.stop());
}

#[test]
fn a_command_under_tracer_has_all_that_its_user_has() {
    let _machine = needs!(Root);
    let folder = TempDir::new().expect("a folder for the recording");
    let words = ["sleep", "60"];
    let mut command = tests::under_tracer::command("run -q", folder.path(), &words);
    let tracer = Guarded::new(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starting tracer"));
    let begun = || only_child(tracer.pid()).ok().flatten().filter(|&child| is_executing(child, "sleep"));
    let child = wait::until(END, begun).expect("the command runs");
    assert_confined(tracer.pid(), LOOK);
    let own = |name| of_each_thread(std::process::id(), name)[0].clone();
    for name in ["CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp"] {
        assert_eq!(of_each_thread(child, name), [own(name)], "{name}");
    }
}

/// Whether the process has become the program, and not just its name.
fn is_executing(pid: u32, name: &str) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(name.as_bytes()))
}

#[test]
fn a_result_in_another_users_directory_is_written_all_the_same() {
    let _machine = needs!(Root);
    let folder = TempDir::new().expect("a folder");
    let (fresh, former) = (folder.path().join("fresh.json"), folder.path().join("former.json"));
    fs::write(&former, "before").expect("writing a file");
    for path in [folder.path(), &former] {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("giving it away");
    }
    let target = Workload::start("count --threads 1 --calls 10");
    let files = format!("-o {} -o {}", fresh.display(), former.display());
    drop(Tracer::sendfile(&format!("--pid {} -d 200ms {files}", target.pid())).finish(END));
    for (path, owner) in [(&fresh, 0), (&former, NOBODY)] {
        Recording::read(path).assert_nothing_lost();
        assert_eq!(fs::metadata(path).expect("it is there").uid(), owner, "{}", path.display());
    }
}
