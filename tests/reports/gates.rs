//! What gates say to programs: letter for letter, and any text in it, put to parsers of their own kind.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, sample::select};
use roxmltree::{Document, Node};
use serde_json::Value;
use tests::golden::assert_files;
use tracer::{
    escape::escape,
    gate::{
        judged::{Check, Figure, Judged},
        outcome::Outcome,
    },
    render::gate::{benchmark_action, bmf, github, junit, without_commands},
};

/// A comparison with one check of each outcome.
fn sample() -> Judged {
    let figure = |metric: &str, unit, value, interval| Some(Figure { metric: metric.into(), unit, value, interval });
    Judged {
        command: "compare",
        summary: "sendfile p99 is 1.42 times what it was".into(),
        outcome: Outcome::Fail,
        checks: vec![
            Check {
                name: "sendfile p99".into(),
                outcome: Some(Outcome::Fail),
                finding: "1.1 ms → 1.6 ms, × 1.42 (1.21 to 1.60), p 0.0003".into(),
                figure: figure("p99", "ns", 1_572_863.0, Some((1_340_000.0, 1_770_000.0))),
            },
            Check {
                name: "sendfile disk-blocked".into(),
                outcome: Some(Outcome::Inconclusive),
                finding: "0.02 % → 0.03 %: 7 runs a side do not tell, 12 would".into(),
                figure: figure("disk-blocked", "fraction", 0.0003, None),
            },
            Check {
                name: "sendfile disk-wait".into(),
                outcome: Some(Outcome::Pass),
                finding: "1.3 µs a call → 1.3 µs a call, × 1.00 (0.95 to 1.06)".into(),
                figure: figure("disk-wait", "ns/call", 1333.25, Some((1266.5, 1413.0))),
            },
            Check {
                name: "sendfile p50".into(),
                outcome: None,
                finding: "21 µs → 21 µs".into(),
                figure: figure("p50", "ns", 21_503.0, None),
            },
        ],
        warnings: vec!["the new runs were on another kernel: 6.12.9, and not 6.12.8".into()],
    }
}

#[test]
fn a_comparison_is_said_in_every_format() {
    let judged = sample();
    assert_files(
        "gates",
        [
            ("compare.xml", junit(&judged, None)),
            ("compare.github", github(&judged, None)),
            ("compare.benchmark-action.json", benchmark_action(&judged)),
            ("compare.bmf.json", bmf(&judged)),
        ]
        .map(|(name, text)| (name.to_owned(), text)),
    );
}

/// How a test that did not pass ended.
#[derive(Debug, PartialEq)]
struct End<'a> {
    element: &'a str,
    kind: &'a str,
    message: &'a str,
}

/// A suite's tests: their names, and how each ended.
fn tests_of<'a>(document: &'a Document<'_>) -> Vec<(&'a str, Option<End<'a>>)> {
    let is_end = |node: &Node<'_, '_>| ["failure", "error", "skipped"].contains(&node.tag_name().name());
    let ended = |case: Node<'a, '_>| {
        let mut ended = case.children().filter(is_end);
        let end = ended.next().map(|end| End {
            element: end.tag_name().name(),
            kind: end.attribute("type").unwrap_or(""),
            message: end.attribute("message").unwrap_or(""),
        });
        assert!(ended.next().is_none(), "a test ends once");
        end
    };
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    cases.map(|case| (case.attribute("name").unwrap_or(""), ended(case))).collect()
}

/// What the suite counts.
fn counts(document: &Document<'_>) -> [usize; 3] {
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    ["tests", "failures", "errors"].map(|name| suite.attribute(name).unwrap().parse().unwrap())
}

#[test]
fn a_job_that_chooses_sees_its_choice() {
    let judged = sample();
    for (instead, end, counted, level) in [
        (None, "error", [3, 1, 1], "warning"),
        (Some(Outcome::Pass), "skipped", [3, 1, 0], "notice"),
        (Some(Outcome::Fail), "failure", [3, 2, 0], "error"),
    ] {
        let xml = junit(&judged, instead);
        let document = Document::parse(&xml).unwrap();
        let message = judged.checks[1].finding.as_str();
        assert_eq!(tests_of(&document)[1].1, Some(End { element: end, kind: "inconclusive", message }));
        assert_eq!(counts(&document), counted);
        let command = format!("::{level} title=sendfile disk-blocked%3A inconclusive::");
        let commands = github(&judged, instead);
        assert!(commands.contains(&command), "{commands}");
    }
}

#[test]
fn an_answer_that_rests_on_no_check_is_a_test_of_its_own() {
    for outcome in [Outcome::Inconclusive, Outcome::Fail] {
        let judged = Judged { outcome, checks: Vec::new(), ..sample() };
        let xml = junit(&judged, None);
        let document = Document::parse(&xml).unwrap();
        let (name, end) = &tests_of(&document)[0];
        assert_eq!((*name, end.as_ref().map(|end| end.message)), ("compare", Some(judged.summary.as_str())));
    }
}

/// Text as nobody would choose it, with what each format takes for its own.
fn text() -> impl Strategy<Value = String> {
    let own = select(vec![
        "",
        "::",
        "\n::error::",
        "\r",
        "%0A",
        "%",
        ",",
        ":",
        "##[",
        "]]>",
        "<!--",
        "&",
        "\"",
        "\\",
        "\0",
        "\u{1b}[31m",
        "\u{fffe}",
        "\u{202e}",
        " p99",
        "\u{85}",
        "::stop-commands::",
    ]);
    vec(prop_oneof![own.prop_map(String::from), any::<char>().prop_map(String::from)], 0..8)
        .prop_map(|parts| parts.concat())
}

fn outcome() -> impl Strategy<Value = Outcome> {
    select(vec![Outcome::Pass, Outcome::Inconclusive, Outcome::Fail])
}

prop_compose! {
    fn figure()(metric in text(), value in any::<f64>(), interval in option::of(any::<(f64, f64)>())) -> Figure {
        Figure { metric, unit: "ns", value, interval }
    }
}

prop_compose! {
    fn check()(name in text(), outcome in option::of(outcome()), finding in text(), figure in option::of(figure())) -> Check {
        Check { name, outcome, finding, figure }
    }
}

prop_compose! {
    fn judged()(
        summary in text(), outcome in outcome(), checks in vec(check(), 0..6), warnings in vec(text(), 0..3)
    ) -> Judged {
        Judged { command: "check", summary, outcome, checks, warnings }
    }
}

/// What GitHub's runner takes from a line of a log.
#[derive(Debug, PartialEq)]
struct Command {
    name: String,
    properties: Vec<(String, String)>,
    data: String,
}

/// How it reads a line, in both of its ways.
fn command(line: &str) -> Option<Command> {
    let decode = |text: &str, codes: &[(&str, &str)]| {
        codes.iter().fold(text.to_owned(), |text, (code, character)| text.replace(code, character))
    };
    if let Some((head, data)) = line.trim_start().strip_prefix("::").and_then(|rest| rest.split_once("::")) {
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let codes = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
        let properties = properties.split(',').filter_map(|property| property.split_once('='));
        return Some(Command {
            name: name.to_owned(),
            properties: properties.map(|(key, value)| (key.to_owned(), decode(value, &codes))).collect(),
            data: decode(data, &[("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]),
        });
    }
    let (_, rest) = line.split_once("##[")?;
    let (head, data) = rest.split_once(']')?;
    Some(Command { name: head.to_owned(), properties: Vec::new(), data: data.to_owned() })
}

proptest! {
    #[test]
    fn any_text_is_well_formed_xml_and_comes_back(judged in judged(), instead in option::of(outcome())) {
        let xml = junit(&judged, instead);
        let document = Document::parse(&xml).unwrap();
        let tests = tests_of(&document);
        let counted: Vec<_> = judged.checks.iter().filter(|check| check.outcome.is_some()).collect();
        let apart = tests.len() - counted.len();
        let has_answer = counted.iter().any(|check| check.outcome == Some(judged.outcome));
        prop_assert_eq!(apart, usize::from(!has_answer));
        for ((name, end), check) in tests[apart..].iter().zip(counted) {
            prop_assert_eq!(*name, escape(&check.name));
            prop_assert_eq!(end.is_none(), check.outcome == Some(Outcome::Pass));
            if let Some(end) = end {
                prop_assert_eq!(end.message, escape(&check.finding));
            }
        }
    }

    #[test]
    fn any_text_is_one_annotation(judged in judged()) {
        let text = github(&judged, None);
        let expected = 1 + judged.warnings.len()
            + judged.checks.iter().filter(|check| check.outcome.is_some_and(|outcome| outcome != Outcome::Pass)).count();
        let lines: Vec<_> = text.split(['\n', '\r']).filter(|line| !line.is_empty()).collect();
        prop_assert_eq!(lines.len(), expected);
        let commands: Vec<_> = lines.iter().map(|line| command(line).unwrap()).collect();
        for Command { name, properties, .. } in &commands {
            prop_assert!(["error", "warning", "notice"].contains(&name.as_str()), "{}", name);
            prop_assert_eq!(properties.len(), 1);
            prop_assert_eq!(properties[0].0.as_str(), "title");
        }
        prop_assert_eq!(&commands[0].data, &escape(&judged.summary));
        for (command, warning) in commands.iter().rev().zip(judged.warnings.iter().rev()) {
            prop_assert_eq!(&command.data, &escape(warning));
        }
    }

    #[test]
    fn no_line_of_a_table_is_a_command(lines in vec(text(), 0..6)) {
        let harmless = without_commands(&lines.join("\n"));
        for line in harmless.split(['\n', '\r']) {
            prop_assert_eq!(command(line), None);
        }
    }

    #[test]
    fn every_figure_that_is_a_number_comes_back(judged in judged()) {
        let figures = || judged.checks.iter().filter_map(|check| check.figure.as_ref());
        let expected: Vec<f64> = figures().map(|figure| figure.value).filter(|value| value.is_finite()).collect();

        let list: Vec<Value> = serde_json::from_str(&benchmark_action(&judged)).unwrap();
        let values: Vec<f64> = list.iter().map(|entry| entry["value"].as_f64().unwrap()).collect();
        prop_assert_eq!(&values, &expected);
        let names: BTreeSet<_> = list.iter().map(|entry| entry["name"].as_str().unwrap()).collect();
        prop_assert_eq!(names.len(), list.len());

        let benchmarks: Value = serde_json::from_str(&bmf(&judged)).unwrap();
        let mut values = Vec::new();
        for (name, measures) in benchmarks.as_object().unwrap() {
            prop_assert!((1..=1024).contains(&name.chars().count()));
            for (name, metric) in measures.as_object().unwrap() {
                prop_assert!((1..=64).contains(&name.chars().count()));
                values.push(metric["value"].as_f64().unwrap());
                for bound in ["lower_value", "upper_value"] {
                    prop_assert!(metric.get(bound).is_none_or(Value::is_f64));
                }
            }
        }
        values.sort_by(f64::total_cmp);
        let mut expected = expected;
        expected.sort_by(f64::total_cmp);
        prop_assert_eq!(values, expected);
    }
}
