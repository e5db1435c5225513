//! A page stays small, and says what it left out for that.

use super::recordings::{HUGE, golden, many_calls, page};

#[test]
fn the_page_of_a_huge_recording_is_small_and_says_what_it_lacks() {
    let text = &*HUGE;
    assert!(text.len() < 2_000_000, "{} bytes", text.len());
    for said in [
        "The worst 250 of 10,000 rows are listed. The others made 26,910,000 calls",
        "The longest 500 of 100,000 recorded calls are listed",
        "3,600 intervals of the recording are put together to at most 120 columns",
        "too long to travel with this page",
    ] {
        assert!(text.contains(said), "{said} is not on the page");
    }
    assert!(!text.contains("id=\"recording-data\""));
}

#[test]
fn the_page_of_a_usual_recording_is_a_few_hundred_kilobytes() {
    for name in ["blocked", "many-threads", "several-calls"] {
        let text = page(&golden(name));
        assert!(text.len() < 300_000, "{name}: {} bytes", text.len());
        assert!(!text.contains(" are listed. The others"), "{name} leaves rows out");
    }
}

#[test]
fn charts_are_drawn_for_the_six_busiest_calls_and_the_page_says_so() {
    let text = page(&many_calls());
    assert_eq!(text.matches("Drawn for the 6 system calls with most calls; the other 2 are in the tables.").count(), 3);
    for (id, is_drawn) in [("percentiles-0", true), ("percentiles-5", true), ("percentiles-6", false)] {
        assert_eq!(text.contains(&format!("id=\"{id}-title\"")), is_drawn, "{id}");
    }
    assert!(text.contains("Latency of call0 by percentile") && !text.contains("Latency of call6 by percentile"));
}

#[test]
fn figures_of_any_size_are_rendered() {
    let mut recording = golden("many-threads");
    fn blow_up(value: &mut serde_json::Value) {
        const KEPT: [&str; 9] = [
            "schema_version",
            "latency",
            "without_disk",
            "by_cause",
            "turn_latency",
            "pid",
            "tid",
            "cpus",
            "turn_latency_without_disk",
        ];
        match value {
            serde_json::Value::Number(number) if number.is_u64() => *value = u64::MAX.into(),
            serde_json::Value::Array(items) => items.iter_mut().for_each(blow_up),
            serde_json::Value::Object(members) => {
                members
                    .iter_mut()
                    .filter(|(key, _)| !KEPT.contains(&key.as_str()))
                    .for_each(|(_, member)| blow_up(member));
            }
            _ => {}
        }
    }
    blow_up(&mut recording);
    let text = page(&recording);
    assert!(text.contains("18,446,744,073,709,551,615") && !text.contains("NaN") && !text.contains("inf\""));
}
