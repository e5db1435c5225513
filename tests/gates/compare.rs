//! `tracer compare` on runs whose truth is known.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use fastrand::Rng;
use serde_json::Value;
use tempfile::TempDir;
use tests::{
    contract, golden,
    made_run::{MadeCall, MadeRuns},
    tracer::{in_folder, said},
};
use tracer::{
    gate::compare::{answer::Options, decision::Rule, early, figures::Run, metric::Metric},
    model::{Recording, SyscallRecord},
    render,
};

/// Runs of both sides in files, made in turn unless that is changed.
struct Sides {
    folder: TempDir,
    old: Vec<Recording>,
    new: Vec<Recording>,
}

/// What the calls of a side are like.
#[derive(Clone, Copy)]
struct Side {
    calls: u64,
    median_ns: f64,
    /// Of a thousand calls, so many wait for the disk.
    blocked: u64,
}

const USUAL: Side = Side { calls: 40_000, median_ns: 100_000.0, blocked: 0 };

impl Sides {
    fn of(runs: usize, old: Side, new: Side) -> Self {
        let maker = MadeRuns::default();
        let mut rng = Rng::with_seed(7504);
        let mut run = |place: usize, side: Side| {
            let noise = 0.98 + 0.04 * rng.f64();
            let calls = (0..side.calls).map(|call| MadeCall {
                on_cpu_ns: (side.median_ns * noise * (0.5 + rng.f64())) as u64,
                disk_ns: if call % 1000 < side.blocked { 5_000_000 + rng.u64(..1_000_000) } else { 0 },
            });
            maker.run(Duration::from_secs(15 * place as u64), calls.collect::<Vec<_>>())
        };
        let (mut olds, mut news) = (Vec::new(), Vec::new());
        for pair in 0..runs {
            olds.push(run(2 * pair, old));
            news.push(run(2 * pair + 1, new));
        }
        Self { folder: TempDir::new().unwrap(), old: olds, new: news }
    }

    fn write(&self) {
        for (side, runs) in [("old", &self.old), ("new", &self.new)] {
            let folder = self.folder.path().join(side);
            fs::create_dir_all(&folder).unwrap();
            for (number, run) in runs.iter().enumerate() {
                fs::write(folder.join(format!("{number:02}.json")), render::json(run)).unwrap();
            }
        }
    }

    fn compare(&self, words: &str) -> Output {
        self.write();
        compare(self.folder.path(), &["old", "new"], words)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn compare(folder: &Path, [old, new]: &[&str; 2], words: &str) -> Output {
    let mut command = in_folder(folder, "compare");
    command.args(["--old", old, "--new", new]).args(words.split_whitespace());
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn assert_code(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
}

fn metric<'a>(comparison: &'a Value, name: &str) -> &'a Value {
    let metrics = comparison["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["metric"] == name).unwrap_or_else(|| panic!("no {name} in {comparison}"))
}

#[test]
fn disk_waits_where_there_were_none_are_worse() {
    // The healthy server has none at all, so there is no ratio.
    let sides = Sides::of(7, USUAL, Side { blocked: 2, ..USUAL });
    let found = sides.compare("-f json");
    assert_code(&found, 1);
    let file = sides.file("comparison.json");
    fs::write(&file, &found.stdout).unwrap();
    contract::check_by(contract::COMPARISON_SCHEMA, &file);
    let comparison = json(&found);
    let blocked = metric(&comparison, "disk-blocked");
    assert_eq!(blocked["old"], serde_json::json!(vec![0.0; 7]));
    assert_eq!(blocked["new"], serde_json::json!(vec![0.002; 7]));
    assert_eq!((&blocked["outcome"], &blocked["weighed"]["ratio"]), (&"fail".into(), &Value::Null));
    assert_eq!(blocked["weighed"]["difference"], 0.002);
    // Of 3,432 ways to divide the runs, one; by Holm, of three metrics.
    let p = blocked["weighed"]["p"].as_f64().unwrap();
    assert!((p - 1.0 / 3432.0).abs() < 1e-12, "{p}");
    let wait = &metric(&comparison, "disk-wait")["weighed"];
    let sums: Vec<f64> = sides.new.iter().map(|run| run.syscalls[0].time_ns.disk as f64 / 40_000.0).collect();
    let (least, most) = sums.iter().fold((f64::MAX, 0.0_f64), |(least, most), &sum| (least.min(sum), most.max(sum)));
    assert!((least..=most).contains(&wait["difference"].as_f64().unwrap()));
}

#[test]
fn the_same_server_twice_passes() {
    let sides = Sides::of(7, USUAL, USUAL);
    let found = sides.compare("-f json");
    assert_code(&found, 0);
    let comparison = json(&found);
    let p99 = metric(&comparison, "p99");
    let expected: Vec<_> =
        sides.old.iter().map(|run| run.syscalls[0].latency.percentile(990).unwrap() as f64).collect();
    assert_eq!(p99["old"], serde_json::json!(expected));
    assert_eq!((&p99["outcome"], &p99["gates"]), (&"pass".into(), &true.into()));
    assert_eq!(
        (&metric(&comparison, "p50")["outcome"], &metric(&comparison, "p50")["gates"]),
        (&Value::Null, &false.into())
    );
}

#[test]
fn a_slower_server_is_worse_and_a_faster_one_is_not() {
    let slower = Side { median_ns: 120_000.0, ..USUAL };
    let found = Sides::of(7, USUAL, slower).compare("");
    assert_code(&found, 1);
    assert!(String::from_utf8_lossy(&found.stdout).contains("FAIL: worse: sendfile p99 is "), "{found:?}");
    assert_code(&Sides::of(7, slower, USUAL).compare(""), 0);
    // Enough for a smaller gate, or one that looks elsewhere.
    assert_code(&Sides::of(7, USUAL, slower).compare("--min-effect 50%"), 0);
    assert_code(&Sides::of(7, USUAL, slower).compare("--gate disk-blocked"), 0);
    assert_code(&Sides::of(7, USUAL, slower).compare("--floor p99=1ms"), 0);
}

#[test]
fn runs_that_were_not_made_in_turn_show_nothing_unless_that_does_not_matter() {
    let mut sides = Sides::of(7, USUAL, Side { blocked: 2, ..USUAL });
    let after = Duration::from_secs(3600);
    sides.new.iter_mut().for_each(|run| run.window.start += after);
    let found = sides.compare("");
    assert_code(&found, 3);
    assert!(String::from_utf8_lossy(&found.stdout).contains("--assume-exchangeable"), "{found:?}");
    let found = sides.compare("--assume-exchangeable");
    assert_code(&found, 1);
    assert!(String::from_utf8_lossy(&found.stdout).contains("not made in turn"), "{found:?}");
}

#[test]
fn too_few_runs_are_inconclusive_and_say_how_many_would_do() {
    let worse = Side { blocked: 2, ..USUAL };
    for (runs, says) in [(1, "one run a side"), (2, "4 runs a side"), (3, "4 runs a side")] {
        let found = Sides::of(runs, USUAL, worse).compare("");
        assert_code(&found, 3);
        let text = String::from_utf8_lossy(&found.stdout).replace("\n  ", " ");
        assert!(text.contains(says) && text.contains("+0.20 %"), "{text}");
    }
    assert_code(&Sides::of(4, USUAL, worse).compare(""), 1);
    // One metric alone needs fewer.
    assert_code(&Sides::of(3, USUAL, worse).compare("--gate disk-blocked"), 1);
}

#[test]
fn a_job_may_choose_what_an_inconclusive_result_is() {
    let sides = Sides::of(2, USUAL, USUAL);
    for (words, code) in [("", 3), ("--on-inconclusive pass", 0), ("--on-inconclusive fail", 1)] {
        assert_code(&sides.compare(words), code);
    }
}

#[test]
fn what_cannot_be_compared_is_refused_with_a_line_that_names_it() {
    type Change = fn(&mut Recording);
    let changes: [(Change, &str); 5] = [
        (|run| run.threshold_ns = 2_000_000, "their thresholds differ (1 ms, 2 ms)"),
        (|run| run.losses.calls_uncounted = 3, "new/01.json is lossy, 3 calls were not counted"),
        (|run| run.probes[1].missed = Some(1), "is lossy, the kernel skipped its probe of disk waits"),
        (|run| run.probes[0].mechanism = tracer::model::Mechanism::TpBtf, "different probes (sendfile)"),
        (|run| run.syscalls[0].family = "splice".into(), "different families of calls"),
    ];
    for (change, says) in changes {
        let mut sides = Sides::of(4, Side { calls: 100, ..USUAL }, Side { calls: 100, ..USUAL });
        change(&mut sides.new[1]);
        let found = sides.compare("");
        assert_code(&found, 4);
        assert!(said(&found).contains(says) && said(&found).lines().count() == 1, "{}", said(&found));
        assert!(found.stdout.is_empty());
    }
}

#[test]
fn files_that_are_none_are_named() {
    let sides = Sides::of(4, Side { calls: 100, ..USUAL }, Side { calls: 100, ..USUAL });
    sides.write();
    fs::write(sides.file("new/02.json"), "{\"schema_version\": 1").unwrap();
    let found = compare(sides.folder.path(), &["old", "new"], "");
    assert_code(&found, 4);
    assert!(said(&found).contains("new/02.json"), "{}", said(&found));
    // A glob that the shell found nothing for.
    let found = compare(sides.folder.path(), &["old", "newer/*.json"], "");
    assert_code(&found, 4);
    assert!(said(&found).contains("newer/*.json"), "{}", said(&found));
    let found = compare(sides.folder.path(), &["old", "new/00.json"], "new/00.json --gate p99");
    assert_code(&found, 4);
    assert!(said(&found).contains("the same run"), "{}", said(&found));
}

#[test]
fn without_calls_nothing_is_known() {
    let sides = Sides::of(4, USUAL, Side { calls: 0, ..USUAL });
    let found = sides.compare("-f json");
    assert_code(&found, 3);
    assert!(json(&found)["reasons"].to_string().contains("has no sendfile calls"), "{found:?}");
}

#[test]
fn a_family_without_a_call_in_any_run_keeps_nothing_from_passing() {
    let mut sides = Sides::of(7, USUAL, USUAL);
    let no_calls = MadeRuns::default().run(Duration::ZERO, []).syscalls.remove(0);
    for run in sides.old.iter_mut().chain(&mut sides.new) {
        run.syscalls.push(SyscallRecord { name: "splice".into(), family: "splice".into(), ..no_calls.clone() });
    }
    assert_code(&sides.compare(""), 0);
    // A family that a side alone made calls of does.
    let splice = SyscallRecord { name: "splice".into(), family: "splice".into(), ..sides.old[0].syscalls[0].clone() };
    sides.old.iter_mut().for_each(|run| run.syscalls[1] = splice.clone());
    let found = sides.compare("-f json");
    assert_code(&found, 3);
    assert!(json(&found)["reasons"].to_string().contains("has no splice calls"), "{found:?}");
}

#[test]
fn the_same_files_on_both_sides_are_told() {
    let sides = Sides::of(4, USUAL, USUAL);
    sides.write();
    let found = compare(sides.folder.path(), &["old", "old"], "-f json");
    let warnings = json(&found)["warnings"].to_string();
    assert!(warnings.contains("on both sides"), "{warnings}");
}

#[test]
fn other_hosts_and_loads_are_told() {
    let mut sides = Sides::of(4, USUAL, Side { calls: 60_000, ..USUAL });
    sides.new.iter_mut().for_each(|run| run.hosts[0].kernel = "6.18.1".into());
    let warnings = json(&sides.compare("-f json"))["warnings"].to_string();
    for says in
        ["different kernels: old 6.12.48; new 6.18.1", "the loads differ: 4,000 sendfile calls/s old, 6,000 new"]
    {
        assert!(warnings.contains(says), "{warnings}");
    }
}

#[test]
fn a_look_is_made_only_where_it_can_reach_its_level() {
    let sides = Sides::of(6, USUAL, Side { blocked: 2, ..USUAL });
    let look = |runs: usize, gates: &[Metric]| {
        let [old, new] = [&sides.old, &sides.new]
            .map(|side| side[..runs].iter().map(|recording| Run { name: "a run", recording }).collect::<Vec<_>>());
        let options = Options {
            gates: Some(gates.to_vec()),
            rule: Rule::default(),
            floors: Vec::new(),
            assume_exchangeable: false,
            seed: 1,
        };
        early::look(&old, &new, &options).unwrap().map(|(look, _)| look.stopped)
    };
    let three = [Metric::P99, Metric::DiskBlocked, Metric::DiskWait];
    // 1/70 is above 1 %; 1/252 twice is not, three times it is; 1/924 three times is not.
    assert_eq!(look(4, &three[1..2]), None);
    assert_eq!((look(5, &three[1..]), look(5, &three)), (Some(true), None));
    assert_eq!(look(6, &three), Some(true));
    // It stops for worse alone.
    assert_eq!(look(6, &[Metric::P50]), Some(false));
}

#[test]
fn what_people_read_is_this() {
    let worse = Sides::of(7, USUAL, Side { blocked: 2, median_ns: 104_000.0, ..USUAL });
    let few = Sides::of(3, USUAL, Side { median_ns: 120_000.0, ..USUAL });
    let same = Sides::of(7, USUAL, USUAL);
    let reports = [("worse", &worse), ("few", &few), ("same", &same)].into_iter().flat_map(|(name, sides)| {
        ["txt", "md"].map(|extension| {
            let file = sides.file(&format!("out.{extension}"));
            sides.compare(&format!("-q -o {}", file.display()));
            (format!("compare-{name}.{extension}"), fs::read_to_string(file).unwrap())
        })
    });
    golden::assert_files("gates", reports.collect::<Vec<_>>());
}
