//! Merged recordings: every figure is the sum of what went in, by arithmetic done on the JSON alone.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use tests::contract;
use tracer::{
    analysis::merge::{merge, target_id},
    model::{Recording, Status},
    recordings,
};

use crate::{any_recording::of_one_target, json, kept};

/// Adds up figures by what they are: a path of keys, with the row's identity for a list.
type Sums = BTreeMap<String, u128>;

/// Members that add up wherever they stand.
const ADD_UP: [&str; 18] = [
    "calls",
    "errors",
    "bytes",
    "slow",
    "disk_blocked",
    "disk_waits",
    "disk_wait_ns",
    "on_cpu",
    "disk",
    "runqueue",
    "other",
    "time_ns",
    "count",
    "sum",
    "EAGAIN",
    "slow_calls_dropped",
    "threads_dropped",
    "calls_uncounted",
];

/// Lists whose rows are told apart, by these members and the host.
const ROWS: [(&str, &[&str]); 10] = [
    ("stacks", &["pid", "syscall", "kernel", "user"]),
    ("syscalls", &["name"]),
    ("threads", &["pid", "tid", "start_time_ns"]),
    ("event_loops", &["pid", "tid", "start_time_ns"]),
    ("processes", &["pid"]),
    ("files", &["path", "inode"]),
    ("clients", &["address"]),
    ("by_syscall", &["name"]),
    ("buckets", &["0", "1"]),
    ("log2", &["0", "1"]),
];

/// Lists that are put one behind the other.
const LISTS: [&str; 4] = ["slow_calls", "intervals", "in_flight", "runs"];

/// All figures of a recording that add up. `host` is what its rows are of, if they do not say so themselves.
fn sums(value: &Value, path: &str, host: &str, into: &mut Sums) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let place = format!("{path}/{key}");
                if let Some((_, identity)) = ROWS.iter().find(|(list, _)| list == key) {
                    for row in member.as_array().into_iter().flatten() {
                        let mut parts: Vec<String> =
                            identity.iter().map(|&part| part_of(row, part).to_string()).collect();
                        if path.contains("/verdict") {
                            continue;
                        }
                        if matches!(key.as_str(), "buckets" | "log2") {
                            let figure = row[2].as_u64().expect("a count");
                            *into.entry(format!("{place}{parts:?}")).or_default() += u128::from(figure);
                            continue;
                        }
                        if !matches!(key.as_str(), "syscalls" | "by_syscall") {
                            parts.push(row.get("hostname").and_then(Value::as_str).unwrap_or(host).into());
                        }
                        sums(row, &format!("{place}{parts:?}"), host, into);
                    }
                } else if LISTS.contains(&key.as_str()) {
                    let rows = member.as_array().map_or(0, Vec::len);
                    *into.entry(format!("{place}#")).or_default() += rows as u128;
                } else if let Some(figure) = member.as_u64().filter(|_| ADD_UP.contains(&key.as_str())) {
                    *into.entry(place).or_default() += u128::from(figure);
                } else if !matches!(key.as_str(), "worst_turn" | "target") {
                    sums(member, &place, host, into);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| sums(item, path, host, into)),
        _ => {}
    }
}

fn part_of<'a>(row: &'a Value, part: &str) -> &'a Value {
    part.parse::<usize>().map_or_else(|_| &row[part], |place| &row[place])
}

/// How the rows of a merged recording name the machines of these recordings: by their names, and the boot where two
/// have the same.
fn hosts_of(recordings: &[Value]) -> Vec<String> {
    let id = |value: &Value| {
        let host = &value["hosts"][0];
        (host["hostname"].as_str().unwrap().to_owned(), host["boot_id"].as_str().unwrap().to_owned())
    };
    let all: std::collections::BTreeSet<_> = recordings.iter().map(id).collect();
    recordings
        .iter()
        .map(id)
        .map(|(hostname, boot_id)| match all.iter().filter(|(other, _)| *other == hostname).count() {
            1 => hostname,
            _ => format!("{hostname} (boot {})", &boot_id[..8]),
        })
        .collect()
}

/// Sums of what went in; files, clients and waits by system call only where every recording tells.
fn expected(recordings: &[Value]) -> Sums {
    let mut all = Sums::new();
    let hosts = hosts_of(recordings);
    for (recording, host) in recordings.iter().zip(&hosts) {
        sums(recording, "", host, &mut all);
    }
    // Each of them is one run of the whole.
    all.insert("/runs#".into(), recordings.len() as u128);
    all
}

/// Without the lists that are only known where every recording has them.
fn known_everywhere(sums: &Sums) -> Sums {
    let partial = ["/page_cache", "/files", "/clients", "/by_syscall", "/turn_latency", "/turn_latency_without_disk"];
    let is_whole = |key: &String| !partial.iter().any(|part| key.contains(part));
    sums.iter()
        .filter(|(key, figure)| is_whole(key) && **figure > 0)
        .map(|(key, &figure)| (key.clone(), figure))
        .collect()
}

fn merged(recordings: &[Recording]) -> Recording {
    merge(recordings.to_vec()).unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_made_up_is_a_sound_recording(recordings in of_one_target(1)) {
        let text = json(&recordings[0]).to_string();
        let read = recordings::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error:#}"));
        prop_assert_eq!(&read, &recordings[0]);
    }

    #[test]
    fn every_sum_and_every_bucket_is_that_of_what_went_in(recordings in of_one_target(2..5)) {
        let inputs: Vec<_> = recordings.iter().map(json).collect();
        let whole = merged(&recordings);
        let output = json(&whole);
        let mut sums_out = Sums::new();
        sums(&output, "", &hosts_of(&inputs)[0], &mut sums_out);
        let sums_in = expected(&inputs);
        prop_assert_eq!(known_everywhere(&sums_out), known_everywhere(&sums_in));
        // A merged recording is one that is read again.
        let read = recordings::parse(output.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error:#}"));
        prop_assert_eq!(&read, &whole);
    }

    #[test]
    fn lists_that_all_recordings_tell_are_added_row_by_row(recordings in of_one_target(2..5)) {
        let tells = |recording: &&Recording| recording.syscalls.iter().all(|syscall| syscall.files.is_some());
        let recordings: Vec<_> = recordings.iter().filter(tells).cloned().collect();
        prop_assume!(recordings.len() > 1);
        let inputs: Vec<_> = recordings.iter().map(json).collect();
        let mut sums_out = Sums::new();
        sums(&json(&merged(&recordings)), "", &hosts_of(&inputs)[0], &mut sums_out);
        let listed = |sums: Sums| -> Sums {
            let is_listed = |key: &String| ["/files", "/clients", "/by_syscall"].iter().any(|part| key.contains(part));
            sums.into_iter().filter(|(key, figure)| is_listed(key) && *figure > 0).collect()
        };
        prop_assert_eq!(listed(sums_out), listed(expected(&inputs)));
    }

    #[test]
    fn slow_calls_keep_their_stacks(recordings in of_one_target(2..5)) {
        let whole = merged(&recordings);
        let frames = |recording: &Recording| {
            let mut frames: Vec<_> = recording.slow_calls.iter().map(|call| {
                let stack = call.stack.map(|id| {
                    recording.stacks.iter().flatten().find(|stack| stack.id == id).expect("the stack is listed")
                });
                (call.latency_ns, call.disk_ns, stack.map(|stack| (stack.pid, stack.user.clone())))
            }).collect();
            frames.sort();
            frames
        };
        let mut expected: Vec<_> = recordings.iter().flat_map(frames).collect();
        expected.sort();
        prop_assert_eq!(frames(&whole), expected);
    }

    #[test]
    fn neither_order_nor_steps_matter(recordings in of_one_target(2..6), seed in any::<prop::sample::Index>()) {
        let at_once = merged(&recordings);
        let mut turned = recordings.clone();
        turned.rotate_left(seed.index(recordings.len()));
        turned.swap(0, recordings.len() - 1);
        prop_assert_eq!(&merged(&turned), &at_once);
        let (left, right) = turned.split_at(1 + seed.index(turned.len() - 1));
        prop_assert_eq!(&merged(&[merged(left), merged(right)]), &at_once);
    }

    #[test]
    fn extremes_are_those_of_all(recordings in of_one_target(2..5)) {
        let whole = json(&merged(&recordings));
        let inputs: Vec<_> = recordings.iter().map(json).collect();
        for (index, syscall) in whole["syscalls"].as_array().unwrap().iter().enumerate() {
            let of = |figure: &str| inputs.iter().filter_map(|input| input["syscalls"][index]["latency"][figure].as_u64()).collect::<Vec<_>>();
            prop_assert_eq!(syscall["latency"]["min"].as_u64(), of("min").into_iter().min());
            prop_assert_eq!(syscall["latency"]["max"].as_u64(), of("max").into_iter().max());
        }
    }

    #[test]
    fn the_share_in_memory_is_that_of_all_pages(recordings in of_one_target(2..5)) {
        let whole = json(&merged(&recordings));
        let inputs: Vec<_> = recordings.iter().map(json).collect();
        for (index, syscall) in whole["syscalls"].as_array().unwrap().iter().enumerate() {
            let of = |figure: &str| -> Option<u64> {
                inputs.iter().map(|input| input["syscalls"][index][figure].as_u64()).sum()
            };
            let share = of("pages").zip(of("cold_requested")).filter(|&(pages, _)| pages > 0)
                .map(|(pages, cold)| 1.0 - cold as f64 / pages as f64);
            match (syscall["memory_share"].as_f64(), share) {
                (Some(stated), Some(share)) => prop_assert!((stated - share).abs() < 1e-12, "{stated} {share}"),
                (stated, share) => prop_assert_eq!(stated, share),
            }
        }
    }

    #[test]
    fn blocked_outweighs_inconclusive_and_that_outweighs_clear(recordings in of_one_target(2..5)) {
        let whole = merged(&recordings);
        let has = |status| recordings.iter().any(|recording| recording.verdict.status == status);
        let expected = if has(Status::Blocked) {
            Status::Blocked
        } else if has(Status::Inconclusive) {
            Status::Inconclusive
        } else {
            Status::Clear
        };
        prop_assert_eq!(whole.verdict.status, expected);
        let of_runs: Vec<_> = recordings.iter().map(|recording| recording.verdict.summary.as_str()).collect();
        for run in &whole.runs {
            prop_assert!(of_runs.contains(&run.verdict.summary.as_str()));
        }
    }

    #[test]
    fn the_same_recording_twice_is_refused(recordings in of_one_target(1..4), seed in any::<prop::sample::Index>()) {
        let mut twice = recordings.clone();
        let again = seed.index(recordings.len());
        twice.push(recordings[again].clone());
        let refusal = merge(twice).unwrap_err();
        prop_assert_eq!(refusal.between, vec![again, recordings.len()]);
        prop_assert!(refusal.why.contains("would count twice"), "{}", refusal.why);
    }
}

/// Two that would merge, the second ten minutes later.
fn pair() -> [Recording; 2] {
    let one: Recording = serde_json::from_str(&kept("blocked")).unwrap();
    let mut other = one.clone();
    other.window.start += jiff::SignedDuration::from_mins(10);
    [one, other]
}

fn why_refused(change: impl FnOnce(&mut Recording)) -> String {
    let [one, mut other] = pair();
    change(&mut other);
    let refusal = merge(vec![one, other]).unwrap_err();
    assert_eq!(refusal.between, [0, 1]);
    refusal.why
}

#[test]
fn what_cannot_be_added_is_refused_with_the_reason() {
    assert!(merge(pair().to_vec()).is_ok());
    let why = why_refused(|other| other.threshold_ns = 2_000_000);
    assert!(why.contains("thresholds differ (1 ms, 2 ms)"), "{why}");
    let why = why_refused(|other| other.blocked_share = 0.5);
    assert!(why.contains("different shares of the window on (0.10 %, 50.0 %)"), "{why}");
    let why = why_refused(|other| other.families = vec!["splice".into()]);
    assert!(why.contains("different families of calls (sendfile; splice)"), "{why}");
    let why = why_refused(|other| other.target.processes[0].comm = "nginx".into());
    assert!(why.contains("different targets"), "{why}");
    let why = why_refused(|other| other.window.start -= jiff::SignedDuration::from_secs(595));
    assert!(why.contains("the same process at the same time"), "{why}");
}

#[test]
fn the_same_time_on_another_machine_is_no_repetition() {
    let [one, mut other] = pair();
    (other.window, other.hosts[0].boot_id) = (one.window, "another".into());
    let whole = merge(vec![one, other]).unwrap();
    let names: Vec<_> = whole.runs.iter().map(|run| run.hostname.as_deref().unwrap()).collect();
    assert_eq!(names, ["broker-1 (boot 5e2b2a0c)", "broker-1 (boot another)"]);
}

#[test]
fn sums_that_get_too_large_are_refused() {
    let [mut one, other] = pair();
    one.syscalls[0].bytes = u64::MAX;
    let refusal = merge(vec![one, other]).unwrap_err();
    assert!(refusal.why.contains("too large"), "{}", refusal.why);
}

#[test]
fn windows_too_far_apart_are_refused() {
    let [one, mut other] = pair();
    other.window.start += jiff::SignedDuration::from_hours(24 * 365 * 600);
    let refusal = merge(vec![one, other]).unwrap_err();
    assert!(refusal.why.contains("too far apart"), "{}", refusal.why);
}

#[test]
fn processes_that_run_the_same_are_one_target_and_threads_are_not() {
    let [one, mut other] = pair();
    other.target.selector = "--pid 9".into();
    other.target.processes[0].pid = tracer::model::Pid(9);
    assert_eq!(target_id(&one), target_id(&other));
    other.target.processes[0].command_line = Some("java -cp x another.Main".into());
    assert_ne!(target_id(&one), target_id(&other));
    let [mut one, mut other] = pair();
    (one.target.selector, other.target.selector) = ("--tid 1".into(), "--tid 2".into());
    assert_ne!(target_id(&one), target_id(&other));
    other.target.selector = "--tid 1".into();
    assert_eq!(target_id(&one), target_id(&other));
}

#[test]
fn a_merged_recording_is_as_the_contract_says() {
    let whole = merge(pair().to_vec()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.json");
    std::fs::write(&path, json(&whole).to_string()).unwrap();
    contract::check(&path);
}
