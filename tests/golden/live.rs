//! The live view, letter for letter, and on any terminal.

use proptest::{collection::vec, prelude::*, sample::select, test_runner::Config};
use ratatui::{buffer::Buffer, style::Color};
use serde_json::Value;
use tests::{
    golden::{NAMES, assert_files, recording, recording_value, tainted},
    live_screen::{drawn, text_of},
};
use tracer::{
    live::{
        Command::{self, *},
        Seen, View,
    },
    model::Recording,
};

/// Recording, name of the screen, its size, and what was pressed before.
type Screen = (&'static str, &'static str, (u16, u16), &'static [Command]);

const SCREENS: [Screen; 23] = [
    ("blocked", "blocked", (80, 24), &[]),
    ("blocked", "blocked", (120, 40), &[]),
    ("blocked", "blocked", (200, 50), &[]),
    ("blocked", "blocked", (40, 10), &[]),
    ("blocked", "blocked", (39, 10), &[]),
    ("blocked", "blocked-thread", (80, 24), &[Enter]),
    ("blocked", "blocked-thread", (120, 40), &[Enter]),
    ("blocked", "blocked-bars", (120, 40), &[Chart]),
    ("blocked", "blocked-paused", (80, 24), &[Pause]),
    ("blocked", "help", (80, 24), &[Help]),
    ("blocked-in-pread", "blocked-in-pread", (80, 24), &[]),
    ("clear", "clear", (80, 24), &[]),
    ("event-loops", "event-loops", (120, 40), &[]),
    ("event-loops", "event-loops-thread", (120, 40), &[Move(1), Move(1), Enter]),
    ("inconclusive", "inconclusive", (80, 24), &[]),
    ("no-calls", "no-calls", (80, 24), &[]),
    ("many-threads", "many-threads", (120, 40), &[]),
    ("many-threads", "many-threads-by-calls", (80, 24), &[Sort, Sort, Last]),
    ("many-threads", "many-threads-writing", (80, 24), &[Filter, Type('1'), Type('7')]),
    ("many-threads", "many-threads-nothing", (80, 24), &[Filter, Type('x'), Type('y'), Enter]),
    ("several-calls", "several-calls", (120, 40), &[]),
    ("hostile-names", "hostile-names", (120, 40), &[]),
    ("hostile-names", "hostile-names-thread", (80, 24), &[Enter]),
];

#[test]
fn every_recording_gives_its_screens() {
    let screens = SCREENS.map(|(name, screen, (columns, rows), keys)| {
        let text = text_of(&drawn(&Seen::of(recording(name)), keys, false, columns, rows));
        (format!("{screen}.{columns}x{rows}.txt"), text)
    });
    assert_files("live", screens);
}

#[test]
fn what_was_lost_is_on_the_screen() {
    let mut value = recording_value("clear");
    value["losses"]["calls_uncounted"] = 7.into();
    value["probes"][0]["missed"] = 3.into();
    let seen = Seen::of(serde_json::from_value(value).unwrap());
    assert_files("live", [("losses.80x24.txt".to_owned(), text_of(&drawn(&seen, &[], false, 80, 24)))]);
}

#[test]
fn colours_say_nothing_that_the_letters_do_not() {
    for (name, _, (columns, rows), keys) in SCREENS {
        let seen = Seen::of(recording(name));
        let (plain, colored) = (drawn(&seen, keys, false, columns, rows), drawn(&seen, keys, true, columns, rows));
        assert_eq!(text_of(&plain), text_of(&colored), "{name}");
        let colors = |buffer: &Buffer| buffer.content.iter().filter(|cell| has_color(cell.fg, cell.bg)).count();
        assert_eq!(colors(&plain), 0, "{name}");
        assert!(colors(&colored) > 0, "{name} has no colours at all");
    }
}

#[test]
fn the_sums_on_the_screen_are_those_of_the_recording() {
    let recording = recording("blocked");
    let syscall = &recording.syscalls[0];
    let text = text_of(&drawn(&Seen::of(recording.clone()), &[], false, 200, 50));
    let figures = [tracer::units::count(syscall.calls), format!("{} (", tracer::units::count(syscall.disk_blocked))];
    for figure in figures {
        assert!(text.contains(&figure), "{figure} is not in\n{text}");
    }
}

#[test]
fn sorting_and_filtering_are_what_they_say() {
    let seen = Seen::of(recording("many-threads"));
    let view = |keys: &[Command]| {
        let mut view = View::new(false);
        keys.iter().for_each(|&key| view.apply(key, &seen));
        view
    };
    let by_waits: Vec<_> = view(&[]).rows(&seen).iter().map(|row| row.waited_ns).collect();
    assert!(by_waits.len() > 10 && by_waits.is_sorted_by(|one, other| one >= other), "{by_waits:?}");
    let reversed: Vec<_> = view(&[Reverse]).rows(&seen).iter().map(|row| row.waited_ns).collect();
    assert!(reversed.is_sorted(), "{reversed:?}");
    let by_calls: Vec<_> = view(&[Sort, Sort]).rows(&seen).iter().map(|row| row.calls).collect();
    assert!(by_calls.is_sorted_by(|one, other| one >= other), "{by_calls:?}");
    let tid = seen.threads[3].thread.tid.to_string();
    let keys: Vec<_> = std::iter::once(Filter).chain(tid.chars().map(Type)).collect();
    let view = view(&keys);
    let found = view.rows(&seen);
    assert!(!found.is_empty() && found.len() < seen.threads.len());
    let holds = |text: &str| text.contains(&tid);
    assert!(found.iter().any(|row| holds(&row.thread.tid.to_string())));
}

#[test]
fn figures_of_any_size_are_drawn() {
    const KEYS: [&str; 14] = [
        "disk_wait_ns",
        "since_ns",
        "at_ns",
        "duration_ns",
        "behind",
        "threshold_ns",
        "bytes",
        "slow",
        "disk_blocked",
        "latency_ns",
        "disk_ns",
        "offset",
        "turns",
        "waiting_ns",
    ];
    for name in NAMES {
        let mut value = recording_value(name);
        enlarge(&mut value, &KEYS);
        let seen = Seen::of(serde_json::from_value::<Recording>(value).unwrap());
        for keys in [&[][..], &[Enter], &[Chart]] {
            let _screen = drawn(&seen, keys, true, 120, 40);
        }
    }
}

fn enlarge(value: &mut Value, keys: &[&str]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| enlarge(item, keys)),
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                if member.is_u64() && keys.contains(&key.as_str()) {
                    *member = u64::MAX.into();
                } else {
                    enlarge(member, keys);
                }
            }
        }
        _ => {}
    }
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let fixed =
        [Pause, Sort, Reverse, Filter, Erase, First, Last, Enter, Back, Chart, Help, Move(1), Move(-1), Move(10)];
    let command =
        prop_oneof![4 => select(fixed.to_vec()), 1 => any::<char>().prop_map(Type), 1 => any::<isize>().prop_map(Move)];
    vec(command, 0..30)
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_terminal_and_no_keys_make_it_panic_or_show_what_it_must_not(
        name in select(&NAMES[..]),
        is_hostile in any::<bool>(),
        is_colored in any::<bool>(),
        columns in 0u16..300,
        rows in 0u16..100,
        keys in commands(),
    ) {
        const HOSTILE: &str = "\x1b[2J\n\r\x07\u{9b}\u{202e}\u{2066}\u{feff}\u{301}读🚀";
        let recording = if is_hostile { tainted(name, HOSTILE) } else { recording(name) };
        let buffer = drawn(&Seen::of(recording), &keys, is_colored, columns, rows);
        let obeyed = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        prop_assert!(!buffer.content.iter().any(|cell| cell.symbol().contains(obeyed)));
    }
}

/// The screen after these keys.
fn has_color(foreground: Color, background: Color) -> bool {
    foreground != Color::Reset || background != Color::Reset
}
