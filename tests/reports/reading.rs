//! What is read, and what is refused: one line that says what is wrong and where, in bounded memory, and never a panic.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};
use tests::golden::NAMES;
use tracer::{
    analysis::merge::merge,
    model::{Mechanism, Out, ProbeStatus, Role, Status},
    recordings::parse,
    render::{self, Style},
};

use crate::{any_recording::of_one_target, json, kept};

pub fn why(bytes: &[u8]) -> String {
    format!("{:#}", parse(bytes).expect_err("it must be refused"))
}

/// What was read is rendered; what was refused says why in a line that can be read.
fn survives(bytes: &[u8]) {
    match parse(bytes) {
        Ok(recording) => {
            let _ = render::table(&recording, &Style::default());
            let again = parse(render::json(&recording).as_bytes());
            assert_eq!(again.unwrap_or_else(|error| panic!("written, it is not read: {error:#}")), recording);
            let mut later = recording.clone();
            later.window.start = later.window.start.saturating_add(jiff::SignedDuration::from_hours(1)).unwrap();
            if let Ok(whole) = merge(vec![recording, later]) {
                let _ = render::table(&whole, &Style::default());
                let _ = render::json(&whole);
            }
        }
        Err(error) => {
            let line = format!("{error:#}");
            assert!(!line.is_empty() && line.chars().count() < 600, "{line}");
        }
    }
}

#[test]
fn the_recordings_that_are_kept_are_read() {
    for name in NAMES {
        let read = parse(kept(name).as_bytes()).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let value: Value = serde_json::from_str(&kept(name)).unwrap();
        assert_eq!(json(&read), value, "{name}");
    }
}

#[test]
fn what_is_no_recording_is_called_what_it_is() {
    for (text, words) in [
        ("", "it is empty"),
        (" \n\t", "it is empty"),
        ("hello", "it is not JSON: expected value at line 1 column 1"),
        ("\u{1f}\u{8b}\u{8}", "it is not JSON"),
        ("{\"schema_version\": 1,", "it breaks off: EOF while parsing"),
        ("{} {}", "it is not JSON: trailing characters at line 1 column 4"),
        ("{}", "no recording of tracer: it has no schema_version"),
        ("[1, 2]", "no recording of tracer: it has no schema_version"),
        ("17", "no recording of tracer"),
        ("{\"schema_version\": \"1\"}", "schema_version is not a whole number"),
        ("{\"schema_version\": 1.5}", "schema_version is not a whole number"),
        ("{\"schema_version\": NaN}", "it is not JSON: expected value at line 1 column 20"),
        ("{\"schema_version\": 1}", "missing field `tool`"),
    ] {
        let why = why(text.as_bytes());
        assert!(why.contains(words), "{text:?}: {why}");
    }
    assert!(why(b"\"\xff\"").contains("it is not JSON: invalid unicode code point"), "{}", why(b"\"\xff\""));
}

#[test]
fn another_version_is_refused_whatever_else_it_has() {
    for version in [0, 2, 99] {
        let why = why(json!({"a": [1, 2], "schema_version": version}).to_string().as_bytes());
        assert!(why.contains(&format!("schema_version {version}, and this tracer reads 1")), "{why}");
    }
}

#[test]
fn a_recording_that_breaks_off_is_refused_at_every_byte() {
    let text = kept("no-calls");
    let text = text.trim_end();
    for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
        let why = why(&text.as_bytes()[..end]);
        assert!(why.contains("it breaks off") || why.contains("it is empty"), "{end}: {why}");
    }
}

/// The recording `blocked` with a change.
pub fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    changed_of("blocked", change)
}

/// Another one with a change.
pub fn changed_of(name: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value: Value = serde_json::from_str(&kept(name)).unwrap();
    change(&mut value);
    value.to_string().into_bytes()
}

/// A change of a recording, and what is said of it.
pub type Change = (fn(&mut Value), &'static str);

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let wrong: [Change; 8] = [
        (|value| value["threshold_ns"] = json!(-1), "threshold_ns: invalid value: integer `-1`, expected u64"),
        (|value| value["threshold_ns"] = json!(1.5), "threshold_ns: invalid type: floating point `1.5`"),
        (|value| value["blocked_share"] = Value::Null, "blocked_share: invalid type: null, expected f64"),
        (|value| value["syscalls"][0]["latency"]["unit"] = json!("s"), "syscalls[0].latency: histogram of scheme"),
        (|value| value["syscalls"][0]["latency"]["scheme"] = json!("log2"), "this version reads log-linear-4 in ns"),
        (|value| value["syscalls"][0]["latency"]["buckets"][0][1] = json!(5), "is not of the scheme"),
        (|value| value["window"]["start"] = json!("yesterday"), "window.start: "),
        (|value| value["syscalls"][0]["by_cause"] = json!([]), "syscalls[0].by_cause: "),
    ];
    for (change, words) in wrong {
        let why = why(&changed(change));
        assert!(why.contains("it is not a sound recording: ") && why.contains(words), "no {words:?} in: {why}");
    }
}

#[test]
fn what_a_later_version_adds_is_read() {
    let text = changed(|value| {
        value["a_later_list"] = json!([{"with": ["anything", null, 1.5]}]);
        value["syscalls"][0]["threads"][0]["a_later_field"] = json!({"a": 1});
        value["syscalls"][0]["threads"][0]["role"] = json!("conductor");
        value["probes"][0]["mechanism"] = json!("fprobe_multi");
        value["probes"][1]["status"] = json!("paused");
        value["slow_calls"][0]["out"] = json!("vsock");
        value["verdict"]["status"] = json!("pending");
    });
    let read = parse(&text).unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(read.syscalls[0].threads[0].thread.role, Role::Unknown);
    assert_eq!((read.probes[0].mechanism, read.probes[1].status), (Mechanism::Other, ProbeStatus::Other));
    assert_eq!((read.slow_calls[0].out, read.verdict.status), (Out::Other, Status::Inconclusive));
    let report = render::table(&read, &Style::default());
    assert!(report.contains("in a state that this version does not know"), "{report}");
}

#[test]
fn an_older_recording_without_later_fields_is_read() {
    let text = changed(|value| {
        for list in ["labels", "threads", "event_loops", "slow_calls", "intervals"] {
            value.as_object_mut().unwrap().remove(list);
        }
        value["verdict"]["threads"][0]["role"] = json!("event_loop");
    });
    assert!(parse(&text).is_ok(), "{}", why(&text));
}

#[test]
fn a_value_that_is_repeated_in_an_error_is_cut() {
    let text = changed(|value| value["threshold_ns"] = json!("x".repeat(1 << 20)));
    let why = why(&text);
    assert!(why.len() < 500 && why.contains("threshold_ns: invalid type: string \"xxx"), "{}", why.len());
    assert!(why.ends_with(|c: char| c.is_ascii_digit()), "the place is lost: {why}");
}

/// Every place of a value: what leads to it.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(members) => members.iter().for_each(|(key, member)| places(member, &format!("{at}/{key}"), into)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), into));
        }
        _ => {}
    }
}

/// What somebody might put in any place.
fn odd_values() -> [Value; 12] {
    [
        Value::Null,
        json!(true),
        json!(0),
        json!(1),
        json!(u64::MAX),
        json!(-1),
        json!(1e308),
        json!(""),
        json!("\u{1b}[2J"),
        json!([]),
        json!({}),
        json!([[0, 1, u64::MAX]]),
    ]
}

#[test]
fn no_member_with_any_odd_value_makes_it_panic() {
    // All of one recording, and what the other has beyond it.
    let beyond = ["/stacks", "/page_cache"];
    for (name, parts, number) in [("several-calls", [""].as_slice(), 80), ("nginx-cold", &beyond, 50)] {
        let kinds = survives_odd_values(serde_json::from_str(&kept(name)).unwrap(), parts);
        assert!(kinds > number, "{name}: {kinds}");
    }
}

/// Puts each odd value into each kind of place in these parts, and says how many kinds there are.
fn survives_odd_values(mut value: Value, parts: &[&str]) -> usize {
    let mut all = Vec::new();
    places(&value, "", &mut all);
    all.retain(|place| parts.iter().any(|part| place.starts_with(part)));
    // Rows of a list are alike: one of each kind is enough, and all odd values in each.
    let mut kinds = std::collections::BTreeSet::new();
    let kind =
        |place: &str| place.split('/').map(|part| part.trim_matches(char::is_numeric)).collect::<Vec<_>>().join("/");
    for place in all.iter().filter(|place| kinds.insert(kind(place))) {
        let before = value.pointer(place).unwrap().clone();
        for odd in odd_values() {
            *value.pointer_mut(place).unwrap() = odd;
            survives(value.to_string().as_bytes());
        }
        *value.pointer_mut(place).unwrap() = before;
    }
    kinds.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..2_000)) {
        survives(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(name in 0..NAMES.len(), damage in vec((any::<Index>(), any::<u8>()), 1..8)) {
        let mut bytes = kept(NAMES[name]).into_bytes();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        survives(&bytes);
    }

    #[test]
    fn no_piece_that_is_cut_out_makes_it_panic(name in 0..NAMES.len(), ends in (any::<Index>(), any::<Index>())) {
        let mut bytes = kept(NAMES[name]).into_bytes();
        let (from, to) = (ends.0.index(bytes.len()), ends.1.index(bytes.len()));
        bytes.drain(from.min(to)..from.max(to));
        survives(&bytes);
    }

    #[test]
    fn no_value_in_any_place_makes_it_panic(
        recordings in of_one_target(2),
        place in any::<Index>(),
        odd in 0usize..12,
        merges in any::<bool>(),
    ) {
        let mut value = if merges { json(&merge(recordings).unwrap()) } else { json(&recordings[0]) };
        let mut all = Vec::new();
        places(&value, "", &mut all);
        *value.pointer_mut(&all[place.index(all.len())]).unwrap() = odd_values()[odd].clone();
        survives(value.to_string().as_bytes());
    }
}
