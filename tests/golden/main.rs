//! What a person reads, letter for letter: recordings beside the reports that they must give.
//!
//! `UPDATE_GOLDEN=1 cargo test -p tests --test golden` writes the reports anew; read the diff before
//! committing it.

mod doctor;
mod live;

use std::{fs, path::PathBuf};

use serde_json::Value;
use tests::golden::{REAL, assert_reports, difference, fleet, recording, recording_text, tainted};
use tracer::{
    model::{Out, Recording, culprit::OTHER},
    render::{self, Style},
};

/// Recording, name of its report, width and colour.
const REPORTS: [(&str, &str, usize, bool); 24] = [
    ("blocked", "blocked.80", 80, false),
    ("blocked", "blocked.100", 100, false),
    ("blocked", "blocked.200", 200, false),
    ("blocked", "blocked.color", 100, true),
    ("blocked-in-pread", "blocked-in-pread", 100, false),
    ("event-loops", "event-loops", 100, false),
    ("event-loops", "event-loops.80", 80, false),
    ("clear", "clear", 100, false),
    ("inconclusive", "inconclusive", 100, false),
    ("no-calls", "no-calls", 100, false),
    ("hostile-names", "hostile-names", 100, false),
    ("hostile-names", "hostile-names.color", 80, true),
    ("kafka-cold", "kafka-cold", 100, false),
    ("kafka-cold", "kafka-cold.80", 80, false),
    ("kafka-idle", "kafka-idle", 100, false),
    ("nginx-cold", "nginx-cold", 100, false),
    ("nginx-cold", "nginx-cold.80", 80, false),
    ("nginx-hot", "nginx-hot", 100, false),
    ("nginx-idle", "nginx-idle", 100, false),
    ("many-threads", "many-threads", 100, false),
    ("many-threads", "many-threads.80", 80, false),
    ("many-threads", "many-threads.200", 200, false),
    ("several-calls", "several-calls", 100, false),
    ("several-calls", "several-calls.80", 80, false),
];

#[test]
fn every_recording_gives_its_report() {
    let reports = REPORTS.map(|(name, report, width, color)| {
        (format!("{report}.txt"), render::table(&recording(name), &Style { color, width, top: 10 }))
    });
    assert_reports(reports);
}

#[test]
fn a_fleet_gives_its_report() {
    let reports = [80, 120]
        .map(|width| (format!("fleet.{width}.txt"), render::table(&fleet(), &Style { width, ..Style::default() })));
    assert_reports(reports);
}

#[test]
fn what_tracer_wrote_is_written_again_letter_for_letter() {
    for name in REAL {
        assert_eq!(render::json(&recording(name)), recording_text(name), "{name}");
    }
}

#[test]
fn a_recording_read_and_written_again_is_the_same() {
    for (name, ..) in REPORTS {
        let written: Value = serde_json::from_str(&render::json(&recording(name))).unwrap();
        let read: Value = serde_json::from_str(&recording_text(name)).unwrap();
        let text = |value: &Value| serde_json::to_string_pretty(value).unwrap();
        assert!(written == read, "{name}:\n{}", difference(&text(&read), &text(&written)));
    }
}

#[test]
fn the_json_ends_with_one_newline() {
    let text = render::json(&recording("blocked"));
    assert!(text.ends_with("}\n") && !text.ends_with("\n\n"));
}

#[test]
fn each_row_of_the_json_has_a_line() {
    let recording = recording("blocked");
    let text = render::json(&recording);
    let row = |key: &str| text.lines().filter(|line| line.trim_start().starts_with(&format!("{{\"{key}\":"))).count();
    assert_eq!(row("at_ns"), recording.slow_calls.len() + recording.intervals.len());
    assert_eq!(row("path"), recording.syscalls[0].files.as_ref().unwrap().len());
    assert!(text.contains("\n \"threshold_ns\": 1000000,\n"), "{text}");
    assert!(text.contains("\n   \"calls\": 6293,\n"), "{text}");
}

#[test]
fn colour_says_nothing_that_the_words_do_not() {
    for (name, ..) in REPORTS {
        let style = Style { width: 80, ..Style::default() };
        let plain = render::table(&recording(name), &style);
        let colored = render::table(&recording(name), &Style { color: true, ..style });
        assert_ne!(plain, colored);
        assert_eq!(without_colors(&colored), plain, "{name}");
    }
}

/// Drops `ESC [ digits and semicolons m`.
fn without_colors(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |plain, piece| {
        let (parameters, rest) = piece.split_once('m').expect("a colour ends with m");
        assert!(parameters.chars().all(|c| c.is_ascii_digit() || c == ';'), "{parameters:?} is no colour");
        plain + rest
    })
}

#[test]
fn no_string_of_a_recording_reaches_the_terminal_unescaped() {
    const HOSTILE: &str = "\x1b[2J\n\r\x07\u{9b}\u{202e}\u{2066}\u{feff}";
    for (name, ..) in REPORTS {
        let hostile = tainted(name, HOSTILE);
        let mut text = render::table(&hostile, &Style::default());
        for interval in &hostile.intervals {
            text += &render::interval_header(interval, &Style::default());
            text += &render::interval_lines(interval, &Style::default());
        }
        let escaped: String = text.chars().filter(|&c| c != '\n').collect();
        let obeyed = |c: char| c.is_control() || (!c.is_ascii() && HOSTILE.contains(c));
        assert!(!escaped.chars().any(obeyed), "{name}: {escaped:?}");
        assert!(escaped.contains(r"\x1b[2J\n\r"), "{name}: nothing was tainted");
        // A newline in a name would make a line that looks like one of ours.
        let lines = |recording| render::table(recording, &Style { width: 100_000, ..Style::default() }).lines().count();
        assert_eq!(lines(&hostile), lines(&tainted(name, " harmless")), "{name}");
    }
}

#[test]
fn names_are_cut_to_keep_within_the_width() {
    for (name, ..) in REPORTS {
        for width in [80, 100, 200] {
            let report = render::table(&recording(name), &Style { width, ..Style::default() });
            for line in report.lines() {
                assert!(line.chars().count() <= width, "{name} in {width} columns: {line}");
            }
        }
    }
}

#[test]
fn figures_survive_the_narrowest_terminal() {
    let report = render::table(&recording("blocked"), &Style { width: 0, ..Style::default() });
    for figure in ["6,293", "36.8 ms", "16.2 ms", "4181", "7 (0.11 %)"] {
        assert!(report.contains(figure), "{figure} is not in\n{report}");
    }
}

#[test]
fn ten_thousand_threads_are_summed_up_in_one_row() {
    let mut recording = recording("many-threads");
    let threads = &mut recording.syscalls[0].threads;
    threads.truncate(1);
    let one = threads[0].clone();
    threads.resize(10_000, one.clone());
    let report = render::table(&recording, &Style { top: 3, ..Style::default() });
    let calls = (9_997 * one.calls).to_string();
    let row = report.lines().find(|line| line.contains("and 9,997 more threads")).expect("a row for the rest");
    assert!(row.replace(',', "").contains(&format!(" {calls} ")), "{row} has not {calls} calls");
}

/// The lines of the verdict that begin with `label`, without it.
fn verdict_line(recording: &Recording, label: &str) -> Option<String> {
    let report = render::table(recording, &Style { width: 200, ..Style::default() });
    let (_, verdict) = report.split_once("BLOCKED ON DISK").expect("a blocked result");
    verdict.lines().find_map(|line| line.strip_prefix(&format!("  {label:<8}"))).map(String::from)
}

#[test]
fn calls_that_warm_the_cache_are_for_no_client() {
    let mut recording = recording("blocked");
    for call in &mut recording.slow_calls {
        (call.out, call.client) = (Out::Null, None);
    }
    let none = "none: the bytes went to /dev/null, it warms the cache";
    assert_eq!(verdict_line(&recording, "for").as_deref(), Some(none));
    // With one of seven disk-blocked calls for a client it is no longer nearly all.
    let to_client = recording.slow_calls.iter_mut().find(|call| call.disk_ns > 0).unwrap();
    to_client.out = Out::Socket;
    assert_eq!(verdict_line(&recording, "for").as_deref(), Some("10.2.3.4:51234 nightly-export (7 of 7)"));
}

#[test]
fn the_connections_of_a_host_are_counted_together() {
    let mut recording = recording("blocked");
    let clients = recording.syscalls[0].clients.as_mut().unwrap();
    let mut again = clients[0].clone();
    clients[0].label = None;
    (again.address, again.label, again.disk_blocked) = ("10.2.3.4:51236".into(), None, 2);
    clients.push(again);
    assert_eq!(verdict_line(&recording, "for").as_deref(), Some("10.2.3.4 (9 of 9; 2 connections)"));
}

#[test]
fn what_was_dropped_is_never_named_as_the_culprit() {
    let mut recording = recording("blocked");
    let syscall = &mut recording.syscalls[0];
    let (files, clients) = (syscall.files.as_mut().unwrap(), syscall.clients.as_mut().unwrap());
    files.truncate(1);
    clients.truncate(1);
    let (mut file, mut client) = (files[0].clone(), clients[0].clone());
    (file.path, file.directory, file.disk_blocked) = (OTHER.into(), None, 70);
    (client.address, client.host, client.disk_blocked) = (OTHER.into(), None, 70);
    files.push(file);
    clients.push(client);
    assert!(verdict_line(&recording, "on").unwrap().starts_with("/var/lib/kafka/data/cold-0/ (6 of 76; "));
    assert_eq!(verdict_line(&recording, "for").as_deref(), Some("10.2.3.4:51234 nightly-export (7 of 77)"));

    let syscall = &mut recording.syscalls[0];
    syscall.files.as_mut().unwrap().remove(0);
    syscall.clients.as_mut().unwrap().remove(0);
    for label in ["on", "for"] {
        let unknown = "unknown: the records of the disk-blocked calls were dropped";
        assert_eq!(verdict_line(&recording, label).as_deref(), Some(unknown));
    }
}

#[test]
fn where_the_kernel_does_not_tell_nothing_is_named() {
    let mut recording = recording("blocked");
    let syscall = &mut recording.syscalls[0];
    (syscall.files, syscall.clients) = (None, None);
    recording.slow_calls.clear();
    assert_eq!((verdict_line(&recording, "on"), verdict_line(&recording, "for")), (None, None));
    let report = render::table(&recording, &Style::default());
    assert_eq!(report.matches("unknown: this kernel does not tell\n").count(), 2);
}

#[test]
fn figures_of_any_size_are_rendered() {
    let mut value: Value = serde_json::from_str(&recording_text("many-threads")).unwrap();
    let syscall = &mut value["syscalls"][0];
    let max = Value::from(u64::MAX);
    for key in ["calls", "errors", "bytes", "slow", "disk_blocked", "disk_waits", "cold_requested", "read_ahead"] {
        syscall[key] = max.clone();
        for thread in syscall["threads"].as_array_mut().unwrap() {
            thread[key] = max.clone();
        }
    }
    for part in ["on_cpu", "disk", "runqueue", "other"] {
        syscall["time_ns"][part] = max.clone();
    }
    for list in ["files", "clients"] {
        for row in syscall[list].as_array_mut().unwrap() {
            for key in ["calls", "bytes", "disk_blocked", "disk_wait_ns", "time_ns", "first_offset", "last_offset"] {
                if row.get(key).is_some_and(Value::is_u64) {
                    row[key] = max.clone();
                }
            }
        }
    }
    let mut histogram = syscall["latency"].clone();
    histogram["buckets"] = serde_json::json!([[0, 1, u64::MAX - 1], [1, 2, 1]]);
    histogram["log2"] = histogram["buckets"].clone();
    histogram["count"] = max.clone();
    for percentile in ["p50", "p90", "p99", "p999"] {
        histogram[percentile] = 0.into();
    }
    syscall["latency"] = histogram.clone();
    for thread in syscall["threads"].as_array_mut().unwrap() {
        thread["latency"] = histogram.clone();
    }
    for key in ["disk_waits", "disk_wait_ns", "disk_wait_max_ns"] {
        for thread in value["threads"].as_array_mut().unwrap() {
            thread[key] = max.clone();
        }
    }
    let recording: Recording = serde_json::from_value(value).unwrap();
    let report = render::table(&recording, &Style::default());
    assert!(report.contains("18,446,744,073,709,551,615"), "{report}");
}

#[test]
fn a_recording_with_fields_of_a_later_version_is_read() {
    let mut value: Value = serde_json::from_str(&recording_text("blocked")).unwrap();
    let expected = render::table(&recording("blocked"), &Style::default());
    value["a_later_field"] = serde_json::json!({"with": ["anything"]});
    value["syscalls"][0]["a_later_field"] = 1.into();
    value["syscalls"][0]["threads"][0]["a_later_field"] = 1.into();
    value["verdict"]["a_later_field"] = 1.into();
    let recording: Recording = serde_json::from_value(value).unwrap();
    assert_eq!(render::table(&recording, &Style::default()), expected);
}

#[test]
fn the_contracts_example_is_read_and_rendered() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/example-recording.json");
    let Ok(text) = fs::read_to_string(&path) else {
        tests::require::skip("the_contracts_example_is_read_and_rendered", "the example is not beside this project");
        return;
    };
    // It has fields that this version does not know.
    let recording: Recording = serde_json::from_str(&text).expect("reading the example");
    let report = render::table(&recording, &Style::default());
    for words in ["BLOCKED ON DISK: 1 of 2 event loops", "3 (3.0 %)", "17.8 ms", "EAGAIN 1", "48 cold pages"] {
        assert!(report.contains(words), "{words} is not in\n{report}");
    }
}
