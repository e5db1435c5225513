//! What is understood of OpenSLO, and what is refused with its place.

use crate::gate::{
    check::Of,
    slo::{Good, Objective, Slo, parse},
};

const RATIO: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: from-memory
  displayName: From memory
  labels: {team: storage}
spec:
  description: Files come from the page cache.
  service: web
  indicator:
    metadata:
      name: not-blocked
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            type: tracer
            spec: {syscall: sendfile, calls: not_disk_blocked}
        total:
          metricSource:
            type: tracer
            spec: {syscall: sendfile}
  timeWindow:
    - duration: 4w
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - displayName: usual
      target: 0.999
    - targetPercent: 99.99
";

const THRESHOLD: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata: {name: fast}
spec:
  service: web
  indicator:
    spec:
      thresholdMetric:
        metricSource:
          type: tracer
          spec: {family: pagecache, latency: us}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives:
    - {op: lt, value: 2.5, target: 0.9}
    - {op: lte, value: 500, target: 0}
";

#[test]
fn a_ratio_of_calls_is_understood() {
    let of_good =
        |name: Option<&str>, target| Objective { name: name.map(Into::into), good: Good::NotDiskBlocked, target };
    let slo = Slo {
        name: "from-memory".into(),
        display_name: Some("From memory".into()),
        service: "web".into(),
        description: Some("Files come from the page cache.".into()),
        of: Of::Syscall("sendfile".into()),
        window_ns: 28 * 86_400_000_000_000,
        objectives: vec![of_good(Some("usual"), 0.999), of_good(None, 0.9999)],
    };
    assert_eq!(parse(RATIO), Ok(vec![slo]));
}

#[test]
fn a_threshold_of_latency_is_understood() {
    let [slo] = <[Slo; 1]>::try_from(parse(THRESHOLD).unwrap()).unwrap();
    let good: Vec<_> = slo.objectives.iter().map(|objective| objective.good).collect();
    assert_eq!(good, [Good::FasterThan(2_500), Good::AtMost(500_000)]);
    assert_eq!(slo.of, Of::Family("pagecache".into()));
}

#[test]
fn several_documents_are_several_slos() {
    let names = |text: &str| parse(text).map(|slos| slos.into_iter().map(|slo| slo.name).collect::<Vec<_>>());
    assert_eq!(names(&format!("{RATIO}---\n{THRESHOLD}")), Ok(vec!["from-memory".into(), "fast".into()]));
    let twice = parse(&format!("{RATIO}---\n{RATIO}")).unwrap_err();
    assert_eq!(twice.to_string(), "two SLOs are called from-memory");
}

/// What is said of a text in which `from` has become `to`.
fn said(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "no {from:?}");
    parse(&text.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn what_is_not_supported_is_named_with_its_line() {
    for (from, to, expected) in [
        ("kind: SLO", "kind: AlertPolicy", "line 2: kind AlertPolicy is not supported, SLO is"),
        ("openslo/v1", "openslo/v2alpha", "line 1: apiVersion openslo/v2alpha is not supported"),
        ("  service: web", "  alertPolicies: []", "line 9: unknown field `alertPolicies`, expected one of description"),
        ("  service: web", "  indicatorRef: x", "line 9: unknown field `indicatorRef`"),
        (
            "    - displayName",
            "    - timeSliceTarget: 0.9\n      displayName",
            "line 29: unknown field `timeSliceTarget`",
        ),
        ("        good:", "        bad:", "line 16: unknown field `bad`"),
        ("type: tracer", "type: Prometheus", "line 18: unknown variant `Prometheus`, expected one of tracer"),
        ("Occurrences", "Timeslices", "line 27: unknown variant `Timeslices`, expected one of Occurrences"),
        ("isRolling: true", "isRolling: false", "line 26: a calendar-aligned window is not supported"),
        ("counter: true", "counter: false", "line 15: calls are counted"),
        ("not_disk_blocked", "blocked", "line 19: unknown variant `blocked`"),
        ("labels:", "label:", "line 6: unknown field `label`"),
    ] {
        let said = said(RATIO, from, to);
        assert!(said.starts_with(expected) && !said.contains('\n') && !said.contains("column"), "{to}: {said}");
    }
    assert!(said(THRESHOLD, "op: lt,", "op: gte,").contains("line 15: unknown variant `gte`, expected one of lte, lt"));
}

#[test]
fn what_makes_no_sense_is_refused_with_its_line() {
    for (from, to, expected) in [
        ("target: 0.999", "target: 1", "line 30: a target is at least 0 and below 1"),
        ("target: 0.999", "target: .nan", "line 30: non-finite float"),
        ("target: 0.999", "op: lt", "line 29: an objective needs either target or targetPercent"),
        ("target: 0.999", "target: 0.9\n      targetPercent: 90", "line 29: an objective needs either"),
        ("target: 0.999", "target: 0.9\n      value: 5", "line 29: op and value belong to a thresholdMetric"),
        ("duration: 4w", "duration: 1M", "line 25: 1M has no fixed length: write days, such as 28d"),
        ("duration: 4w", "duration: soon", "line 25: \"soon\" is not a time"),
        ("syscall: sendfile}", "syscall: splice}", "line 23: good and total are not of the same calls"),
        ("syscall: sendfile, ", "", "line 19: whose calls? syscall: sendfile, or family: pagecache"),
        ("calls: not_disk_blocked", "faster_than: 0", "line 19: must be longer than 0"),
        (", calls: not_disk_blocked", "", "line 19: which calls are good?"),
    ] {
        let said = said(RATIO, from, to);
        assert!(said.starts_with(expected), "{to}: {said}");
    }
    for (from, to, expected) in [
        ("op: lt, ", "", "line 15: a thresholdMetric needs op and value"),
        ("value: 2.5", "value: -1", "line 15: a latency is at least 1 ns"),
        ("value: 2.5", "value: .inf", "line 15: non-finite float"),
        ("value: 2.5", "value: 1e300", "line 15: a latency is at least 1 ns"),
        ("[{duration: 30d, isRolling: true}]", "[]", "line 12: timeWindow needs exactly one entry"),
    ] {
        let said = said(THRESHOLD, from, to);
        assert!(said.starts_with(expected), "{to}: {said}");
    }
}

#[test]
fn what_is_no_yaml_or_no_slo_is_refused() {
    for (text, expected) in [
        ("", "there is no SLO in it"),
        ("---\n", "there is no SLO in it"),
        ("kind: [", "line 1: "),
        ("- 1", "line 1: "),
        ("a: 1", "line 1: missing field"),
        ("kind: &a [*a]\napiVersion: x", "line "),
    ] {
        let said = parse(text).unwrap_err().to_string();
        assert!(said.starts_with(expected) && !said.contains('\n'), "{text}: {said}");
    }
    // Each line ten times the one before.
    let bomb: String =
        (1..12).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "))).collect();
    assert!(parse(&format!("a0: &a0 x\n{bomb}kind: *a11\napiVersion: 1\n")).is_err());
    assert!(parse(&"[".repeat(1_000_000)).is_err());
}
