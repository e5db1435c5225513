//! What the page does: sorting, filtering, saving, by mouse and by keys; and what it does not do: ask for anything.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use tests::{browser::Browser, golden::NAMES};

use super::{
    figures::rows,
    recordings::{HUGE, golden, json_of, many_calls, over_time, page},
};

#[test]
fn no_page_asks_for_anything_or_has_an_error() {
    let Some(mut browser) = Browser::start("no_page_asks_for_anything_or_has_an_error") else { return };
    let mut recordings: Vec<_> = NAMES.map(|name| (name, golden(name))).into();
    recordings.extend([("over-time", over_time(60)), ("many-calls", many_calls())]);
    for (name, recording) in recordings {
        browser.show_text(&page(&recording));
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{name}");
    }
    // The same browser does notice what a page asks for, and what goes wrong.
    browser.show_text("<!DOCTYPE html><img src='http://127.0.0.1:9/x.png'><script>nothing.here()</script>");
    let complaints = browser.complaints().join("\n");
    assert!(complaints.contains("x.png") && complaints.contains("exceptionThrown"), "{complaints}");
}

/// The figures of a column from top to bottom; `None`: not known.
fn column(browser: &mut Browser, table: &str, key: &str) -> Vec<Option<u64>> {
    rows(browser, table).iter().map(|row| row[key].as_str().and_then(|figure| figure.parse().ok())).collect()
}

fn sort_of(browser: &mut Browser, table: &str) -> Value {
    browser.evaluate(&format!(
        "[...document.querySelectorAll('#{table} th[aria-sort]')].map(h => h.dataset.key + ' ' + h.getAttribute('aria-sort'))"
    ))
}

#[test]
fn a_click_on_a_heading_sorts_and_another_one_turns_the_order_round() {
    let Some(mut browser) = Browser::start("a_click_on_a_heading_sorts_and_another_one_turns_the_order_round") else {
        return;
    };
    let recording = golden("many-threads");
    browser.show_text(&page(&recording));
    assert_eq!(sort_of(&mut browser, "threads-table"), json!(["disk_wait_ns descending"]));
    let mut calls: Vec<_> =
        recording["syscalls"][0]["threads"].as_array().unwrap().iter().map(|row| row["calls"].as_u64()).collect();
    calls.sort_unstable();

    browser.click("#threads-table th[data-key=calls] button");
    assert_eq!(sort_of(&mut browser, "threads-table"), json!(["calls descending"]));
    assert_eq!(column(&mut browser, "threads-table", "calls"), calls.iter().rev().copied().collect::<Vec<_>>());
    let status = browser.evaluate("document.querySelector('#threads .rows').textContent");
    assert_eq!(status, "24 threads, by Calls descending");

    browser.click("#threads-table th[data-key=calls] button");
    assert_eq!(sort_of(&mut browser, "threads-table"), json!(["calls ascending"]));
    assert_eq!(column(&mut browser, "threads-table", "calls"), calls);
}

#[test]
fn the_keyboard_alone_reaches_the_filter_and_the_headings_and_sorts() {
    let Some(mut browser) = Browser::start("the_keyboard_alone_reaches_the_filter_and_the_headings_and_sorts") else {
        return;
    };
    browser.show_text(&page(&golden("many-threads")));
    // From the top of the page on, by Tab alone.
    let focus =
        "(() => { const e = document.activeElement; return e.id || e.closest('th')?.dataset.key || e.className; })()";
    let mut path = Vec::new();
    let is_there =
        |path: &[Value]| path.ends_with(&[json!("threads-table-filter"), json!("scroll"), json!("name"), json!("tid")]);
    while !is_there(&path) {
        assert!(path.len() < 200, "Tab does not lead to the headings of the threads: {path:?}");
        browser.press("Tab");
        path.push(browser.evaluate(focus));
    }
    for (key, direction) in [("Enter", "descending"), (" ", "ascending")] {
        browser.press(key);
        assert_eq!(sort_of(&mut browser, "threads-table"), json!([format!("tid {direction}")]));
        let tids = column(&mut browser, "threads-table", "tid");
        assert!(if key == "Enter" { tids.is_sorted_by(|a, b| a >= b) } else { tids.is_sorted() }, "{key}: {tids:?}");
        // Sorting does not lose one's place.
        assert_eq!(browser.evaluate(focus), "tid");
    }
}

#[test]
fn what_is_not_known_is_last_in_either_order() {
    let Some(mut browser) = Browser::start("what_is_not_known_is_last_in_either_order") else { return };
    let mut recording = golden("blocked");
    recording["event_loops"][0]["behind"] = Value::Null;
    recording["event_loops"][1]["behind"] = 3.into();
    browser.show_text(&page(&recording));
    for _ in 0..2 {
        browser.click("#event-loops-table th[data-key=behind] button");
        assert_eq!(column(&mut browser, "event-loops-table", "behind"), [Some(3), None]);
    }
}

#[test]
fn figures_above_what_a_double_holds_keep_their_order() {
    let Some(mut browser) = Browser::start("figures_above_what_a_double_holds_keep_their_order") else { return };
    let mut recording = golden("blocked");
    for (index, bytes) in [u64::MAX - 1, u64::MAX, u64::MAX - 2].into_iter().enumerate() {
        recording["syscalls"][0]["threads"][index]["bytes"] = bytes.into();
    }
    browser.show_text(&page(&recording));
    browser.click("#threads-table th[data-key=bytes] button");
    let expected = [u64::MAX, u64::MAX - 1, u64::MAX - 2].map(Some);
    assert_eq!(column(&mut browser, "threads-table", "bytes"), expected);
}

/// Names of the threads that are shown.
fn visible(browser: &mut Browser) -> Vec<String> {
    let script = "[...document.querySelectorAll('#threads-table tbody tr')].filter(r => r.offsetHeight > 0)\
                  .map(r => r.cells[0].textContent)";
    serde_json::from_value(browser.evaluate(script)).unwrap()
}

#[test]
fn the_filter_keeps_the_rows_with_all_words_and_says_how_many() {
    let Some(mut browser) = Browser::start("the_filter_keeps_the_rows_with_all_words_and_says_how_many") else {
        return;
    };
    browser.show_text(&page(&golden("many-threads")));
    let all = visible(&mut browser);
    let word = all[3].clone();
    let expected: Vec<_> = all.iter().filter(|name| name.contains(&word)).cloned().collect();
    assert!(expected.len() < all.len(), "{word} picks nothing out of {all:?}");
    browser.click("#threads-table-filter");
    browser.type_text(&word.to_uppercase());
    assert_eq!(visible(&mut browser), expected);
    let said = "document.querySelector('#threads .rows').textContent";
    assert_eq!(browser.evaluate(said), format!("{} of {} threads", expected.len(), all.len()));
    browser.type_text(" no-thread-has-this");
    assert_eq!(
        (visible(&mut browser).len(), browser.evaluate(said)),
        (0, json!(format!("0 of {} threads", all.len())))
    );

    // Paper has all rows, whatever was filtered; the screen is then as it was.
    assert!(browser.print().starts_with(b"%PDF"));
    assert_eq!(visible(&mut browser).len(), 0);
    browser.evaluate("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(visible(&mut browser), all);
}

#[test]
fn the_recording_that_the_page_saves_is_the_recording() {
    let Some(mut browser) = Browser::start("the_recording_that_the_page_saves_is_the_recording") else { return };
    for name in ["blocked", "hostile-names"] {
        let mut recording = golden(name);
        recording["labels"]["odd"] = "</script><!-- 'é' \u{2028}\u{202e}\u{1f680} \\u003c &amp;".into();
        recording["syscalls"][0]["bytes"] = u64::MAX.into();
        let folder = browser.folder().join(name);
        fs::create_dir(&folder).unwrap();
        browser.call("Page.setDownloadBehavior", json!({"behavior": "allow", "downloadPath": folder}));
        browser.show_text(&page(&recording));
        browser.click("#download");
        browser.wait_for("Page.downloadProgress", |progress| progress["state"] == "completed");
        let path = folder.join("recording.json");
        let saved = tests::wait::until(Duration::from_secs(60), || fs::read_to_string(&path).ok());
        let saved = saved.expect("the saved file");
        assert!(saved == json_of(&recording), "{name}: another recording was saved:\n{saved}");
        assert!(serde_json::from_str::<Value>(&saved).unwrap() == recording, "{name}: {saved}");
        assert_eq!(browser.complaints().len(), 0, "{name}");
    }
}

#[test]
fn without_its_script_the_page_shows_all_it_has() {
    let Some(mut browser) = Browser::start("without_its_script_the_page_shows_all_it_has") else { return };
    browser.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.show_text(&page(&golden("many-threads")));
    assert_eq!(visible(&mut browser).len(), 24);
    let controls =
        "[...document.querySelectorAll('.controls:not(.unseen), #download')].filter(e => e.offsetHeight > 0).length";
    assert_eq!(browser.evaluate(controls), 0);
}

#[test]
fn a_page_of_ten_thousand_threads_opens() {
    let Some(mut browser) = Browser::start("a_page_of_ten_thousand_threads_opens") else { return };
    browser.show_text(&HUGE);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let waited = column(&mut browser, "threads-table", "disk_wait_ns");
    assert_eq!(waited, (9_750..10_000).rev().map(|index| Some(index * 1_000)).collect::<Vec<_>>());
    let latencies = column(&mut browser, "slow-calls-table", "latency_ns");
    assert_eq!(latencies, (99_500..100_000).rev().map(|index| Some(1_000_000 + index)).collect::<Vec<_>>());
}
