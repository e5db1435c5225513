//! The page of a comparison, in a real browser: what it says is what the JSON says, and what is not known is not drawn as zero.

use std::{fs, time::Duration};

use fastrand::Rng;
use serde_json::{Value, json};
use tests::{
    browser::Browser,
    golden::{self, taint},
    made_run::{MadeCall, MadeRuns},
};
use tracer::{
    gate::compare::{
        answer::{Options, compare},
        comparison::Comparison,
        decision::Rule,
        figures::Run,
    },
    model::Recording,
    render::compare as say,
};

use super::{
    figures::rows,
    looks::{CONTRAST, artifacts},
    safety::ATTACKS,
};

const RUNS: usize = 7;
const CALLS: u64 = 400;
/// The seconds of old and new runs; in one of them nothing is asked for.
const SECONDS: [usize; 2] = [9, 10];
const SILENT: usize = 4;

/// Runs of both sides.
pub struct Sides {
    old: Vec<Recording>,
    new: Vec<Recording>,
}

impl Sides {
    /// Of a thousand new calls, so many wait for the disk.
    pub fn of(runs: usize, blocked: u64) -> Self {
        let (maker, mut rng) = (MadeRuns::default(), Rng::with_seed(4711));
        let mut run = |place: usize, side: usize| {
            let noise = 0.95 + 0.1 * rng.f64();
            let blocked = if side == 1 { blocked } else { 0 };
            let second = |second: usize| {
                let calls = if second == SILENT { 0 } else { CALLS };
                let call = |call: u64| MadeCall {
                    on_cpu_ns: (30_000.0 * noise * (1.0 / (1.02 - rng.f64())).sqrt()) as u64,
                    disk_ns: if call * 7 % 1000 < blocked { 3_000_000 + rng.u64(..6_000_000) } else { 0 },
                };
                (0..calls).map(call).collect::<Vec<_>>()
            };
            let seconds: Vec<_> = (0..SECONDS[side]).map(second).collect();
            maker.run_in_seconds(Duration::from_secs(15 * place as u64), &seconds)
        };
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for pair in 0..runs {
            old.push(run(2 * pair, 0));
            new.push(run(2 * pair + 1, 1));
        }
        Self { old, new }
    }

    fn compared<T>(&self, of: impl Fn(&Comparison, &[Run], &[Run]) -> T) -> T {
        let names = |side: &str, runs: usize| (0..runs).map(|run| format!("{side}/{run:03}.json")).collect::<Vec<_>>();
        let (olds, news) = (names("old", self.old.len()), names("new", self.new.len()));
        let runs = |names: &'_ [String], recordings: &'_ [Recording]| -> Vec<(String, Recording)> {
            names.iter().cloned().zip(recordings.iter().cloned()).collect()
        };
        let (olds, news) = (runs(&olds, &self.old), runs(&news, &self.new));
        let [old, new] =
            [&olds, &news].map(|side| side.iter().map(|(name, recording)| Run { name, recording }).collect::<Vec<_>>());
        let rule = Rule::default();
        let options = Options { gates: None, rule, floors: Vec::new(), assume_exchangeable: false, seed: 1 };
        of(&compare(&old, &new, &options).expect("they can be compared"), &old, &new)
    }

    pub fn page(&self) -> String {
        self.compared(say::html)
    }

    fn json(&self) -> Value {
        self.compared(|comparison, _, _| serde_json::from_str(&say::json(comparison)).unwrap())
    }
}

#[test]
fn no_page_of_a_comparison_asks_for_anything_or_has_an_error() {
    let Some(mut browser) = Browser::start("no_page_of_a_comparison_asks_for_anything_or_has_an_error") else { return };
    for (name, sides, word) in [
        ("worse", Sides::of(RUNS, 8), "Fail"),
        ("same", Sides::of(RUNS, 0), "Inconclusive"),
        ("few", Sides::of(1, 8), "Inconclusive"),
    ] {
        let page = sides.page();
        fs::write(artifacts().join(format!("compare-{name}.html")), &page).unwrap();
        browser.show_text(&page);
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{name}");
        let said = browser.evaluate("document.querySelector('main > *').innerText");
        assert!(said.as_str().unwrap().starts_with(word), "{name}: {said}");
        for scheme in ["light", "dark"] {
            browser.media("screen", scheme);
            for width in [1280, 400] {
                browser.width(width);
                let wide = browser.evaluate("document.documentElement.scrollWidth");
                assert!(wide.as_u64().unwrap() <= u64::from(width), "{name}: {wide} pixels in a window of {width}");
                let picture = browser.screenshot();
                fs::write(artifacts().join(format!("compare-{name}.{scheme}.{width}.png")), picture).unwrap();
            }
            let found = browser.evaluate(CONTRAST);
            let (contrast, text) = (found[0].as_f64().unwrap(), &found[1]);
            assert!(contrast >= 4.5, "{name} in {scheme}: {text} has a contrast of {contrast}");
        }
        browser.width(1280);
    }
}

#[test]
fn its_figures_are_those_of_the_json() {
    let Some(mut browser) = Browser::start("its_figures_are_those_of_the_json") else { return };
    let sides = Sides::of(RUNS, 8);
    let comparison = sides.json();
    browser.show_text(&sides.page());
    let metrics = comparison["metrics"].as_array().unwrap();
    let number = |value: &Value| value.as_str().and_then(|figure| figure.parse::<f64>().ok());

    let shown = rows(&mut browser, "metrics-table");
    assert_eq!(shown.len(), metrics.len());
    for (shown, metric) in shown.iter().zip(metrics) {
        let found = &metric["weighed"];
        let p = if found["p_adjusted"].is_null() { &found["p"] } else { &found["p_adjusted"] };
        for (key, figure) in [("old", &found["old_median"]), ("new", &found["new_median"]), ("p", p)] {
            assert_eq!(number(&shown[key]), figure.as_f64(), "{key} of {metric}");
        }
        let result = metric["outcome"].as_str().unwrap_or("shown");
        assert_eq!(shown["result"], result);
    }

    // In the order in which the runs were made: in pairs.
    let runs = rows(&mut browser, "runs-table");
    for (place, run) in runs.iter().enumerate() {
        let side = ["old", "new"][place % 2];
        assert_eq!(run["file"], comparison[side][place / 2]["file"]);
        let p99 = metrics.iter().find(|metric| metric["metric"] == "p99").unwrap();
        assert_eq!(number(&run["sendfile p99"]), p99[side][place / 2].as_f64());
    }

    // Points: each run's figure, where the scale has it.
    let points = browser.evaluate(
        "[...document.querySelectorAll('.point[data-v]')].map(p => { const b = p.getBBox(); \
         return [Number(p.dataset.v), b.x + b.width / 2]; })",
    );
    let points: Vec<[f64; 2]> = serde_json::from_value(points).unwrap();
    let expected: Vec<f64> = metrics
        .iter()
        .flat_map(|metric| [&metric["old"], &metric["new"]])
        .flat_map(|side| side.as_array().unwrap().iter().filter_map(Value::as_f64))
        .collect();
    assert_eq!(points.iter().map(|point| point[0]).collect::<Vec<_>>(), expected);
    for points in points.chunks(2 * RUNS) {
        let by = |a: &&[f64; 2], b: &&[f64; 2]| a[0].total_cmp(&b[0]);
        let (low, high) = (points.iter().min_by(by).unwrap(), points.iter().max_by(by).unwrap());
        for point in points.iter().filter(|_| high[0] > low[0]) {
            let at = low[1] + (point[0] - low[0]) / (high[0] - low[0]) * (high[1] - low[1]);
            assert!((at - point[1]).abs() <= 0.2, "{point:?} is not between {low:?} and {high:?}");
        }
    }
}

#[test]
fn its_drawings_are_of_the_recordings_calls() {
    let Some(mut browser) = Browser::start("its_drawings_are_of_the_recordings_calls") else { return };
    let sides = Sides::of(RUNS, 8);
    browser.show_text(&sides.page());
    let figure = |value: &Value| value.as_str().and_then(|figure| figure.parse::<u64>().ok());
    let bins = rows(&mut browser, "bins-0-table");
    for (key, runs) in [("old", &sides.old), ("new", &sides.new)] {
        for bin in &bins {
            let (low, high) = (figure(&bin["low_ns"]).unwrap(), figure(&bin["high_ns"]).unwrap());
            let buckets = runs.iter().flat_map(|run| run.syscalls[0].latency.buckets());
            let calls: u64 = buckets.filter(|bucket| low <= bucket.0 && bucket.0 < high).map(|bucket| bucket.2).sum();
            assert_eq!(figure(&bin[key]), Some(calls), "{key} of {bin:?}");
        }
        let all: u64 = bins.iter().filter_map(|bin| figure(&bin[key])).sum();
        assert_eq!(all, runs.iter().map(|run| run.syscalls[0].calls).sum::<u64>());
    }

    let columns = rows(&mut browser, "map-0-table");
    assert_eq!(columns.len(), SECONDS[1]);
    for (second, column) in columns.iter().enumerate() {
        for (key, runs, seconds) in [("old", &sides.old, SECONDS[0]), ("new", &sides.new, SECONDS[1])] {
            let rows = || runs.iter().flat_map(|run| &run.intervals[second].syscalls);
            // What was not measured is not known; a second without calls is known to be one.
            let known = second < seconds;
            let sum = |of: fn(&tracer::model::IntervalSyscall) -> u64| known.then(|| rows().map(of).sum::<u64>());
            assert_eq!(figure(&column[&format!("{key}_calls")]), sum(|row| row.calls), "{key} in {second}");
            let blocked = figure(&column[&format!("{key}_disk_blocked")]);
            assert_eq!(blocked, sum(|row| row.disk_blocked), "{key} in {second}");
        }
    }

    // Hatched: the second without calls on all maps, and the last one where no old run was measured.
    let hatched = ["old", "new", "difference"].map(|map| {
        browser.evaluate(&format!(
            "(() => {{ const s = document.querySelector('[aria-labelledby^=map-0-{map}-title]'); \
             const w = s.querySelector('.hit').getBBox(); \
             return [...s.querySelectorAll('.nothing')].map(e => Math.round((e.getBBox().x - w.x) / w.width)); }})()"
        ))
    });
    assert_eq!(hatched, [json!([SILENT, 9]), json!([SILENT]), json!([SILENT, 9])]);
    assert!(
        browser.evaluate("document.querySelector('#over-time').innerText").as_str().unwrap().contains("not measured")
    );
}

#[test]
fn one_share_of_calls_has_one_colour_on_both_maps() {
    let Some(mut browser) = Browser::start("one_share_of_calls_has_one_colour_on_both_maps") else { return };
    // Twice as many new calls, distributed alike: the same map, and no difference.
    let mut sides = Sides::of(4, 0);
    sides.new = sides.old.clone();
    for run in &mut sides.new {
        run.window.start += Duration::from_secs(7);
        for row in run.intervals.iter_mut().flat_map(|interval| &mut interval.syscalls) {
            row.calls *= 2;
            row.latency.buckets.iter_mut().for_each(|bucket| bucket.2 *= 2);
        }
    }
    browser.show_text(&sides.page());
    let mut cells = |map: &str| {
        browser.evaluate(&format!(
            "[...document.querySelector('[aria-labelledby^=map-0-{map}-title]').querySelectorAll('path')]\
             .map(p => [p.getAttribute('class'), p.getAttribute('d')])"
        ))
    };
    let old = cells("old");
    assert!(old.as_array().unwrap().len() >= 3, "{old}");
    assert_eq!(old, cells("new"));
    assert_eq!(cells("difference"), json!([]));
}

#[test]
fn hostile_text_of_runs_runs_nothing_and_is_shown() {
    let Some(mut browser) = Browser::start("hostile_text_of_runs_runs_nothing_and_is_shown") else { return };
    for (number, attack) in ATTACKS.into_iter().enumerate() {
        let mut sides = Sides::of(1, 8);
        for run in sides.old.iter_mut().chain(&mut sides.new) {
            let mut value = serde_json::to_value(&*run).unwrap();
            taint(&mut value, attack);
            value["labels"] = json!({(attack): attack});
            *run = serde_json::from_value(value).unwrap();
            // What disk waits are taken of is known by this name.
            run.probes.iter_mut().for_each(|probe| probe.name = probe.name.replace(attack, ""));
        }
        browser.show_text(&sides.page());
        browser.evaluate("document.querySelectorAll('th button').forEach(b => b.click())");
        assert_eq!(browser.complaints(), Vec::<String>::new(), "attack {number}");
        let found = browser.evaluate(
            "[document.documentElement.dataset.hit ?? 'none', document.scripts.length, \
             document.querySelectorAll('img, iframe, object, embed, link, base, form').length]",
        );
        assert_eq!(found, json!(["none", 1, 0]), "attack {number}");
        let shown = browser.evaluate("document.querySelector('#runs').innerText");
        let visible = if number == 5 { r"\u{202e}\u{2066}\u{feff}\x00\x1b[2J\n\r\u{2028}\u{9b}" } else { attack };
        assert!(shown.as_str().unwrap().contains(visible), "attack {number} is not shown: {shown}");
    }
}

#[test]
fn each_image_says_what_it_is_to_those_who_do_not_see_it() {
    let Some(mut browser) = Browser::start("each_image_says_what_it_is_to_those_who_do_not_see_it") else { return };
    browser.show_text(&Sides::of(4, 8).page());
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes: Vec<_> = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false).collect();
    let of_role = |role: &str| -> Vec<_> { nodes.iter().filter(|node| node["role"]["value"] == role).collect() };
    let images = of_role("image");
    // The points of ten metrics, two distributions, three maps.
    assert_eq!(images.len(), 15, "{images:?}");
    for image in images {
        let text = |member: &str| image[member]["value"].as_str().unwrap_or_default().len();
        assert!(text("name") > 10 && text("description") > 20, "{image}");
    }
    for role in ["table", "searchbox", "button", "link", "region"] {
        for node in of_role(role) {
            assert!(!node["name"]["value"].as_str().unwrap_or_default().trim().is_empty(), "a {role} without a name");
        }
    }
    let ids = "(() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id); \
               return ids.length - new Set(ids).size; })()";
    assert_eq!(browser.evaluate(ids), 0);
}

#[test]
fn the_page_of_a_comparison_is_as_it_was() {
    golden::assert_files("gates", [("compare-worse.html".into(), golden::lines_of_page(&Sides::of(RUNS, 8).page()))]);
}

#[test]
fn a_hundred_long_runs_a_side_make_a_small_page() {
    let page = Sides::of(100, 8).page();
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
}
