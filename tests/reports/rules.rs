//! Rules of Prometheus, put to Prometheus' own tool: those that are shipped, and those that `tracer slo rules` makes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use tests::{golden::assert_files, needs, tools::promtool};
use tracer::{gate::slo, render::rules};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn shipped() -> PathBuf {
    root().join("packaging/prometheus")
}

/// What promtool says; it must be content.
fn assert_content(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new(promtool()).args(arguments).current_dir(directory).output().expect("promtool runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// The rules of the objectives that checks are tested with.
fn made() -> String {
    let text = fs::read_to_string(root().join("tests/golden/checks/slo.yaml")).expect("the SLOs");
    rules::prometheus(&slo::parse(&text).expect("they are sound"), "tracer").expect("they can be alerted on")
}

#[test]
fn shipped_alerts_fire_when_they_are_to_and_only_then() {
    let _machine = needs!(Promtool);
    assert_content(&shipped(), &["check", "rules", "--lint-fatal", "tracer.rules.yml"]);
    let said = assert_content(&shipped(), &["test", "rules", "tracer.tests.yml"]);
    assert!(said.contains("SUCCESS"), "{said}");
}

#[test]
fn every_shipped_alert_has_a_test_and_is_in_the_table() {
    let read = |name: &str| fs::read_to_string(shipped().join(name)).expect("a shipped file");
    let (shipped, tests, table) = (read("tracer.rules.yml"), read("tracer.tests.yml"), read("README.md"));
    let alerts: BTreeSet<_> = shipped.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 5, "{alerts:?}");
    for alert in alerts {
        let fires = format!("- alertname: {alert}\n");
        let tested = tests.split(&fires).skip(1).any(|rest| {
            let block = rest.split("- alertname:").next().unwrap_or_default();
            block.contains("exp_alerts:")
        });
        assert!(tested, "no test lets {alert} fire");
        assert!(table.contains(&format!("`{alert}`")), "the table lacks {alert}");
    }
}

#[test]
fn rules_ask_for_metrics_that_there_are() {
    let metrics = fs::read_to_string(root().join("docs/metrics.md")).expect("the metrics");
    let shipped = fs::read_to_string(shipped().join("tracer.rules.yml")).expect("a shipped file");
    let rules = made() + &shipped;
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && !"_:".contains(c));
    // Names with a colon are recorded by the rules themselves.
    let asked: BTreeSet<_> = words.filter(|word| word.starts_with("tracer_") && !word.contains(':')).collect();
    assert!(asked.len() > 8, "{asked:?}");
    for metric in asked {
        let plain = metric.trim_end_matches("_bucket").trim_end_matches("_count");
        assert!(metrics.contains(&format!("`{plain}`")), "docs/metrics.md lacks {metric}");
    }
}

#[test]
fn objectives_give_these_rules() {
    assert_files("rules", [("slo.rules.yml".to_owned(), made())]);
}

#[test]
fn made_rules_page_where_the_budget_burns_fast_and_call_off_when_it_does_no_more() {
    let _machine = needs!(Promtool);
    let folder = TempDir::new().expect("a directory");
    fs::write(folder.path().join("slo.rules.yml"), made()).expect("writing");
    assert_content(folder.path(), &["check", "rules", "--lint-fatal", "slo.rules.yml"]);
    // In the third hour eight of a hundred calls of one broker are disk-blocked, and none of the other one, which makes as many.
    let series = |metric: &str, instance: u32, values: &str| {
        format!(
            "      - series: '{metric}{{job=\"tracer\",instance=\"{instance}\",syscall=\"sendfile\"}}'\n        \
             values: '{values}'\n"
        )
    };
    let input = [
        series("tracer_calls_total", 1, "0+60000x240"),
        series("tracer_calls_total", 2, "0+60000x240"),
        series("tracer_disk_blocked_calls_total", 1, "0x120 4800+4800x59 288000x60"),
        series("tracer_disk_blocked_calls_total", 2, "0x240"),
    ]
    .concat();
    // After a quarter of an hour 1 % of the last hour's calls are bad: less than 13.44 times 0.1 %, more than 13.44 times 0.01 %.
    // The last 30 minutes, of the slower alert, are clear again after 30 minutes.
    let pages = [(119, &[][..]), (135, &["strict"]), (150, &["1", "strict"]), (195, &["1", "strict"]), (215, &[])];
    let firing = "count by (objective) (ALERTS{alertstate=\"firing\",severity=\"page\",slo=\"sendfile-in-memory\"})";
    let mut text = format!(
        "rule_files: [slo.rules.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n{input}    \
         promql_expr_test:\n"
    );
    for (minute, objectives) in pages {
        text += &format!("      - expr: {firing}\n        eval_time: {minute}m\n");
        let sample = |objective| format!("          - labels: '{{objective=\"{objective}\"}}'\n            value: 1\n");
        if !objectives.is_empty() {
            text += &format!("        exp_samples:\n{}", objectives.iter().map(sample).collect::<String>());
        }
    }
    fs::write(folder.path().join("tests.yml"), text).expect("writing");
    let said = assert_content(folder.path(), &["test", "rules", "tests.yml"]);
    assert!(said.contains("SUCCESS"), "{said}");
}
