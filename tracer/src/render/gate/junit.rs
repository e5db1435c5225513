//! JUnit XML, as CI servers read it: a suite with a test for each check that counts.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::answer_apart;
use crate::{
    escape::escape,
    gate::{judged::Judged, outcome::Outcome},
};

/// A suite of the checks that count. One that failed is a failure; an inconclusive one an error of the type
/// `inconclusive`, or what a job that must choose takes it for `instead`: skipped, or a failure. What else was found
/// goes to `system-out`.
#[must_use]
pub fn junit(judged: &Judged, instead: Option<Outcome>) -> String {
    let name = format!("tracer {}", judged.command);
    let mut suite = TestSuite::new(name.as_str());
    if let Some((name, outcome)) = answer_apart(judged) {
        suite.add_test_case(test(judged, name, outcome, &judged.summary, instead));
    }
    for check in &judged.checks {
        if let Some(outcome) = check.outcome {
            suite.add_test_case(test(judged, &check.name, outcome, &check.finding, instead));
        }
    }
    suite.set_system_out(besides(judged));
    let mut report = Report::new(name.as_str());
    report.add_test_suite(suite);
    // What is written is text in memory, and no character in it is forbidden.
    report.to_string().expect("a report of escaped text is XML")
}

fn test(judged: &Judged, name: &str, outcome: Outcome, finding: &str, instead: Option<Outcome>) -> TestCase {
    let finding = escape(finding);
    let mut test = TestCase::new(escape(name), status(outcome, &finding, instead));
    test.set_classname(format!("tracer.{}", judged.command));
    if outcome == Outcome::Pass {
        test.set_system_out(finding);
    }
    test
}

fn status(outcome: Outcome, finding: &str, instead: Option<Outcome>) -> TestCaseStatus {
    if outcome == Outcome::Pass {
        return TestCaseStatus::success();
    }
    let mut status = match outcome.or(instead) {
        Outcome::Pass => TestCaseStatus::skipped(),
        Outcome::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    status.set_type(outcome.word()).set_message(finding);
    status
}

/// The answer, the checks that do not count, and the warnings, a line each.
fn besides(judged: &Judged) -> String {
    let answer = format!("{}: {}", judged.outcome.word(), judged.summary);
    let shown = judged.checks.iter().filter(|check| check.outcome.is_none());
    let shown = shown.map(|check| format!("{}: {}", check.name, check.finding));
    let warnings = judged.warnings.iter().map(|warning| format!("warning: {warning}"));
    let lines = std::iter::once(answer).chain(shown).chain(warnings);
    lines.map(|line| escape(&line) + "\n").collect()
}
