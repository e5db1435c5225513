//! The figures on the page are those of the recording.

use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use tests::browser::Browser;
use tracer::{analysis::merge::merge, model::Recording};

use super::recordings::{golden, over_time, page};

/// The rows of a table as the browser has them: by the recording's word for the column, the figure that it sorts by or else
/// the text.
pub fn rows(browser: &mut Browser, table: &str) -> Vec<Map<String, Value>> {
    let script = format!(
        "(() => {{ const t = document.getElementById('{table}'); if (!t) return null; \
         const keys = [...t.tHead.rows[0].cells].map(c => c.dataset.key); \
         return [...t.tBodies[0].rows].map(r => Object.fromEntries([...r.cells].map((c, i) => [keys[i], c.dataset.v ?? \
         c.textContent]))); }})()"
    );
    let rows = browser.evaluate(&script);
    let rows = rows.as_array().unwrap_or_else(|| panic!("no table {table}"));
    rows.iter().map(|row| row.as_object().expect("a row").clone()).collect()
}

/// Holds rows of the page against rows of the recording, which both list in the same order.
fn assert_same(table: &str, shown: &[Map<String, Value>], recorded: &[Value], members: &[(&str, &str)]) {
    assert_eq!(shown.len(), recorded.len(), "{table}: rows");
    for (shown, recorded) in shown.iter().zip(recorded) {
        for &(key, pointer) in members {
            let expected = match recorded.pointer(pointer) {
                None => String::new(),
                Some(Value::Null) => "–".into(),
                Some(Value::String(text)) => text.clone(),
                Some(number) => number.to_string(),
            };
            // A column in which no row has anything to say is left out.
            let actual = shown.get(key).and_then(Value::as_str).unwrap_or_default();
            assert_eq!(actual, expected, "{table}: {key} of {recorded}");
        }
    }
}

/// Rows in the order of a figure, highest first; equal ones as they were.
fn highest_first(rows: &Value, pointers: &[&str]) -> Vec<Value> {
    let mut rows = rows.as_array().expect("a list").clone();
    let figure = |row: &Value, pointer: &&str| row.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    rows.sort_by_key(|row| std::cmp::Reverse(pointers.iter().map(|pointer| figure(row, pointer)).collect::<Vec<_>>()));
    rows
}

#[test]
fn each_table_has_the_recordings_figures() {
    let Some(mut browser) = Browser::start("each_table_has_the_recordings_figures") else { return };
    for name in ["blocked", "many-threads"] {
        let recording = golden(name);
        browser.show_text(&page(&recording));
        let syscall = &recording["syscalls"][0];
        let mut check = |table: &str, recorded: &[Value], members: &[(&str, &str)]| {
            assert!(!recorded.is_empty(), "{name}: {table} is not tested");
            assert_same(table, &rows(&mut browser, table), recorded, members);
        };
        let calls = [
            ("name", "/name"),
            ("calls", "/calls"),
            ("bytes", "/bytes"),
            ("p50", "/latency/p50"),
            ("p99", "/latency/p99"),
            ("p999", "/latency/p999"),
            ("max", "/latency/max"),
            ("disk_blocked", "/disk_blocked"),
            ("disk_wait_ns", "/time_ns/disk"),
            ("slow", "/slow"),
            ("errors", "/errors"),
            ("cold_requested", "/cold_requested"),
        ];
        check("syscalls-table", std::slice::from_ref(syscall), &calls);
        let parts = [
            ("on_cpu", "/time_ns/on_cpu"),
            ("disk", "/time_ns/disk"),
            ("runqueue", "/time_ns/runqueue"),
            ("other", "/time_ns/other"),
            ("total", "/latency/sum"),
        ];
        check("time-table", std::slice::from_ref(syscall), &parts);
        let threads = [
            ("tid", "/tid"),
            ("calls", "/calls"),
            ("bytes", "/bytes"),
            ("slow", "/slow"),
            ("errors", "/errors"),
            ("disk_blocked", "/disk_blocked"),
            ("disk_wait_ns", "/disk_wait_ns"),
            ("cold_requested", "/cold_requested"),
            ("p50", "/latency/p50"),
            ("p99", "/latency/p99"),
            ("max_ns", "/max_ns"),
        ];
        let order = ["/disk_wait_ns", "/slow", "/max_ns", "/calls"];
        check("threads-table", &highest_first(&syscall["threads"], &order), &threads);
        let loops = [
            ("tid", "/tid"),
            ("disk_waits", "/disk_waits"),
            ("disk_wait_ns", "/disk_wait_ns"),
            ("behind", "/behind"),
            ("turns", "/turns"),
            ("busy_ns", "/busy_ns"),
            ("turn_p99", "/turn_latency/p99"),
            ("turn_p999_without_disk", "/turn_latency_without_disk/p999"),
            ("worst_turn", "/worst_turn/ns"),
        ];
        check("event-loops-table", &highest_first(&recording["event_loops"], &["/disk_wait_ns", "/busy_ns"]), &loops);
        let culprits = [
            ("calls", "/calls"),
            ("disk_blocked", "/disk_blocked"),
            ("disk_wait_ns", "/disk_wait_ns"),
            ("bytes", "/bytes"),
        ];
        let order = ["/disk_wait_ns", "/disk_blocked", "/calls"];
        check("files-table", &without_other(highest_first(&syscall["files"], &order), "path"), &culprits);
        check("clients-table", &without_other(highest_first(&syscall["clients"], &order), "address"), &culprits);
    }
    let recording = golden("blocked");
    browser.show_text(&page(&recording));
    let slow = [
        ("at_ns", "/at_ns"),
        ("latency_ns", "/latency_ns"),
        ("disk_ns", "/disk_ns"),
        ("runqueue_ns", "/runqueue_ns"),
        ("other_ns", "/other_ns"),
        ("on_cpu_ns", "/on_cpu_ns"),
        ("bytes", "/bytes"),
        ("tid", "/tid"),
    ];
    let recorded = highest_first(&recording["slow_calls"], &["/latency_ns", "/at_ns"]);
    assert_same("slow-calls-table", &rows(&mut browser, "slow-calls-table"), &recorded, &slow);
}

/// What has no row of its own comes last, whatever its figures.
fn without_other(mut rows: Vec<Value>, name: &str) -> Vec<Value> {
    rows.sort_by_key(|row| row[name] == "(other)");
    rows
}

#[test]
fn the_figures_behind_a_heat_map_are_the_intervals() {
    let Some(mut browser) = Browser::start("the_figures_behind_a_heat_map_are_the_intervals") else { return };
    let recording = over_time(60);
    browser.show_text(&page(&recording));
    let recorded = recording["intervals"].as_array().unwrap().iter().map(|interval| {
        let mut row = interval["syscalls"][0].clone();
        row["at_ns"] = interval["at_ns"].clone();
        row
    });
    let recorded: Vec<_> = recorded.collect();
    let members = ["at_ns", "calls", "bytes", "slow", "disk_blocked", "disk_wait_ns"];
    let pointers = members.map(|member| format!("/{member}"));
    let members: Vec<_> = members.iter().zip(&pointers).map(|(&key, pointer)| (key, pointer.as_str())).collect();
    assert_same("heat-0-table", &rows(&mut browser, "heat-0-table"), &recorded, &members);
}

#[test]
fn a_heat_map_of_two_hosts_has_the_sum_of_their_calls_at_each_time() {
    let Some(mut browser) = Browser::start("a_heat_map_of_two_hosts_has_the_sum_of_their_calls_at_each_time") else {
        return;
    };
    let (one, mut other) = (over_time(10), over_time(10));
    other["hosts"][0]["hostname"] = "broker-2".into();
    other["hosts"][0]["boot_id"] = "another".into();
    // Its seconds are other ones, and begin a third of a second later.
    let mut seconds = other["intervals"].as_array().unwrap().clone();
    let mut figures: Vec<_> = seconds.iter().map(|second| second["syscalls"].clone()).collect();
    figures.rotate_left(3);
    seconds.iter_mut().zip(figures).for_each(|(second, figures)| second["syscalls"] = figures);
    other["intervals"] = seconds.clone().into();
    let mut recordings = [&one, &other].map(|value| Recording::deserialize(value).unwrap());
    recordings[1].window.start += jiff::SignedDuration::from_millis(333);
    let merged = serde_json::to_value(merge(recordings.to_vec()).unwrap()).unwrap();
    assert_eq!(merged["intervals"].as_array().unwrap().len(), 20);
    let page = page(&merged);
    assert!(page.contains("A column is the sum over the hosts that were measured at the time."));
    browser.show_text(&page);
    let members = ["calls", "bytes", "slow", "disk_blocked", "disk_wait_ns"];
    let expected = one["intervals"].as_array().unwrap().iter().zip(&seconds).map(|(one, other)| {
        let mut row = json!({"at_ns": one["at_ns"]});
        for member in members {
            let figure = |second: &Value| second["syscalls"][0][member].as_u64().unwrap();
            row[member] = json!(figure(one) + figure(other));
        }
        row
    });
    let expected: Vec<_> = expected.collect();
    let pointers = members.map(|member| format!("/{member}"));
    let mut members: Vec<_> = members.iter().zip(&pointers).map(|(&key, pointer)| (key, pointer.as_str())).collect();
    members.push(("at_ns", "/at_ns"));
    let shown = rows(&mut browser, "heat-0-table");
    assert_same("heat-0-table", &shown, &expected, &members);
    // Each column ends where the next begins: nothing was measured twice, and nothing is drawn twice.
    assert!(shown.windows(2).all(|pair| pair[0]["end_ns"] == pair[1]["at_ns"]), "{shown:?}");
}

#[test]
fn the_verdict_comes_first_and_says_its_sentence() {
    let Some(mut browser) = Browser::start("the_verdict_comes_first_and_says_its_sentence") else { return };
    for (name, word, target) in [
        ("blocked", "Blocked on disk", "pid 4088 java"),
        ("clear", "Clear", "pid 812 nginx and 1 more"),
        ("inconclusive", "Inconclusive", "pid 4088 java"),
    ] {
        let recording = golden(name);
        browser.show_text(&page(&recording));
        let summary = recording["verdict"]["summary"].as_str().unwrap();
        let said = browser.evaluate("document.querySelector('main > *').innerText");
        let said = said.as_str().unwrap().to_lowercase();
        assert!(said.starts_with(&word.to_lowercase()) && said.contains(&summary.to_lowercase()), "{name}: {said}");
        for text in ["reasons", "advice"] {
            for line in recording["verdict"][text].as_array().unwrap() {
                assert!(said.contains(&line.as_str().unwrap().to_lowercase()), "{name} lacks {line}:\n{said}");
            }
        }
        let title = browser.evaluate("document.title");
        assert_eq!(title, format!("{word} · {target} · tracer"));
    }
}

#[test]
fn what_was_not_seen_is_said_above_the_figures_and_never_shown_as_zero() {
    let Some(mut browser) = Browser::start("what_was_not_seen_is_said_above_the_figures_and_never_shown_as_zero")
    else {
        return;
    };
    let mut recording = golden("inconclusive");
    recording["losses"]["slow_calls_dropped"] = 7.into();
    browser.show_text(&page(&recording));
    let notices = browser.evaluate("document.getElementById('notices').innerText");
    let notices = notices.as_str().unwrap();
    for text in [
        "disk waits (the kernel refused",
        "page cache (no tracepoint",
        "12 calls were not counted",
        "7 slow calls have no",
    ] {
        assert!(notices.contains(text), "{text} is not in\n{notices}");
    }
    let is_above = "document.getElementById('notices').compareDocumentPosition(document.querySelector('table')) & 4";
    assert_eq!(browser.evaluate(is_above), 4);
    for table in ["syscalls-table", "threads-table"] {
        for row in rows(&mut browser, table) {
            assert_eq!((&row["disk_blocked"], &row["disk_wait_ns"]), (&"–".into(), &"–".into()), "{table}");
        }
    }
    assert_eq!(browser.evaluate("document.getElementById('time-table')"), Value::Null);

    browser.show_text(&page(&golden("clear")));
    assert_eq!(browser.evaluate("document.getElementById('notices')"), Value::Null);
}

#[test]
fn the_page_cache_has_its_figures_and_each_direction_its_row() {
    let Some(mut browser) = Browser::start("the_page_cache_has_its_figures_and_each_direction_its_row") else { return };
    let mut recording = golden("blocked");
    let read = |calls: u64, cold: u64| {
        json!({"calls": calls, "bytes": calls * 4096, "pages": calls, "cold_requested": cold, "read_ahead": 2 * cold,
               "memory_share": 0.5, "direct_calls": 3, "direct_bytes": 512, "faults": 4, "fault_pages": 5})
    };
    let with = |mut row: Value, more: Value| {
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let file = |path: &str, cold| {
        let more = json!({"path": path, "directory": "/srv", "device": "8:0", "inode": 7, "disk_blocked": cold, "disk_wait_ns": 9 * cold});
        with(read(100, cold), more)
    };
    let thread = json!({"pid": 4088, "tid": 4181, "start_time_ns": 1, "comm": "loop", "name": "loop", "role": "event_loop",
                        "disk_waits": 11, "disk_wait_ns": 12, "fault_disk_waits": 13, "fault_disk_wait_ns": 14});
    let files = [file("/srv/cold", 30), file("/srv/warm", 0), file("(other)", 60)];
    recording["page_cache"] =
        with(read(300, 90), json!({"threads": [with(read(300, 90), thread)], "files": files.clone()}));
    let mut splice = recording["syscalls"][0].clone();
    splice["name"] = json!("splice");
    splice["direction"] = json!("file_to_pipe");
    recording["syscalls"].as_array_mut().unwrap().push(splice);
    browser.show_text(&page(&recording));
    let members = ["calls", "bytes", "cold_requested", "read_ahead", "direct_calls", "faults", "fault_pages"];
    let pointers = members.map(|member| format!("/{member}"));
    let mut members: Vec<_> = members.iter().zip(&pointers).map(|(&key, pointer)| (key, pointer.as_str())).collect();
    let total = &recording["page_cache"];
    assert_same("page-cache-table", &rows(&mut browser, "page-cache-table"), std::slice::from_ref(total), &members);
    members.extend([
        ("disk_wait_ns", "/disk_wait_ns"),
        ("disk_waits", "/disk_waits"),
        ("fault_disk_waits", "/fault_disk_waits"),
    ]);
    let threads = total["threads"].as_array().unwrap();
    assert_same("cached-threads-table", &rows(&mut browser, "cached-threads-table"), threads, &members);
    assert_same("cached-files-table", &rows(&mut browser, "cached-files-table"), &files, &members);
    let names: Vec<_> = rows(&mut browser, "syscalls-table").iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["sendfile", "splice file→pipe"]);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
