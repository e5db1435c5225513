//! The report of a merged recording: its runs, and hosts where there are several.

use tracer::{
    analysis::merge::merge,
    model::{ProbeStatus, Recording},
    render::{self, Style},
};

use crate::kept;

fn recording(name: &str) -> Recording {
    serde_json::from_str(&kept(name)).unwrap()
}

/// The same target on another machine, or ten minutes later.
fn later(mut recording: Recording, hostname: &str, minutes: i64) -> Recording {
    recording.window.start += jiff::SignedDuration::from_mins(minutes);
    (recording.hosts[0].hostname, recording.hosts[0].boot_id) = (hostname.into(), format!("boot of {hostname}"));
    recording
}

fn report(recordings: Vec<Recording>, style: &Style) -> String {
    render::table(&merge(recordings).unwrap_or_else(|refusal| panic!("{refusal:?}")), style)
}

#[test]
fn two_windows_of_one_host_are_two_runs() {
    let text =
        report(vec![later(recording("blocked"), "a", 10), later(recording("blocked"), "a", 0)], &Style::default());
    let first = text.lines().next().unwrap();
    assert!(first.contains("pid 4088 java (kafka.Kafka)") && first.contains("20.0 s in 2 runs"), "{first}");
    let runs: Vec<_> = text.lines().filter(|line| line.starts_with("  2026-")).collect();
    assert_eq!(runs.len(), 2, "{text}");
    assert!(
        runs.iter().all(|run| run.contains("10.0 s") && run.contains("6,293") && run.ends_with("blocked")),
        "{text}"
    );
    assert!(text.contains("12,586"), "the sum of both is not in\n{text}");
    assert!(!text.lines().any(|line| line.contains("host") && line.contains("tid")), "a column for one host:\n{text}");
    assert!(text.contains("BLOCKED ON DISK: 1 of 2 event loops"), "{text}");
}

#[test]
fn a_fleet_has_its_hosts_in_every_list() {
    let shards = vec![
        later(recording("blocked"), "broker-1", 0),
        later(recording("blocked"), "broker-2", 0),
        later(recording("blocked"), "broker-3", 1),
    ];
    let text = report(shards, &Style { width: 140, ..Style::default() });
    assert!(text.lines().next().unwrap().contains("java (kafka.Kafka) on 3 hosts"), "{text}");
    for host in ["broker-1", "broker-2", "broker-3"] {
        let rows = text.lines().filter(|line| line.starts_with(&format!("  {host} "))).count();
        // Its run, its two threads, its two event loops, its files and clients.
        assert!(rows >= 6, "{host} has {rows} rows in\n{text}");
        assert!(text.contains(&format!("{host}: 4181 ")), "{host} is not in the verdict of\n{text}");
    }
    assert!(text.contains("BLOCKED ON DISK: 3 of 6 event loops"), "{text}");
}

#[test]
fn what_one_run_lacks_is_said() {
    let mut blind = later(recording("clear"), "b", 1);
    let seeing = later(recording("clear"), "a", 0);
    let probe = blind.probes.iter_mut().find(|probe| probe.name == "page cache").unwrap();
    (probe.status, probe.reason) = (ProbeStatus::Unavailable, Some("the kernel has no such tracepoint".into()));
    blind.losses.calls_uncounted = 3;
    let text = report(vec![seeing, blind], &Style { width: 140, ..Style::default() });
    assert!(text.contains("page cache: in 1 of 2 runs: the kernel has no such tracepoint"), "{text}");
    let run = text.lines().find(|line| line.starts_with("  b ")).unwrap();
    assert!(run.ends_with("page cache, 3 calls"), "{run}");
    assert!(text.contains("3 calls were not counted"), "{text}");
}

#[test]
fn runs_that_are_not_shown_are_summed_up() {
    let runs: Vec<_> = (0..12).map(|minute| later(recording("clear"), "a", minute)).collect();
    let calls: u64 = runs.iter().map(|run| run.syscalls.iter().map(|syscall| syscall.calls).sum::<u64>()).sum();
    let text = report(runs, &Style { top: 2, ..Style::default() });
    let rest = text.lines().find(|line| line.contains("… and 10 more runs")).expect("a row for the rest");
    assert!(rest.replace(',', "").contains(&format!(" {} ", calls / 12 * 10)), "{rest}");
    assert!(rest.ends_with("10 clear"), "{rest}");
}

#[test]
fn a_merged_report_keeps_within_the_width() {
    let shards = |name: &str| {
        let long = "a-host-with-a-name-that-is-longer-than-most.example.org";
        vec![later(recording(name), long, 0), later(recording(name), "b", 0)]
    };
    for name in ["blocked", "several-calls", "many-threads", "clear", "inconclusive", "hostile-names"] {
        for width in [100, 200] {
            let text = report(shards(name), &Style { width, ..Style::default() });
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{name} in {width} columns: {line}");
            }
        }
    }
}
