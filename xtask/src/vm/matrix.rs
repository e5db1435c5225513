//! The results of all kernels as tables, as docs/kernels.md has them.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::results::{Ending, KernelResult};
use super::tour::{MECHANISMS, Stop};

/// Markdown.
pub fn markdown(results: &[KernelResult]) -> String {
    let head = |what: &str| {
        let versions: Vec<_> = results.iter().map(|result| result.version.as_str()).collect();
        format!("| {what} | {} |\n|---|{}\n", versions.join(" | "), "---|".repeat(versions.len()))
    };
    let row = |what: &str, cell: &dyn Fn(&KernelResult) -> String| {
        let cells: Vec<_> = results.iter().map(cell).collect();
        format!("| {what} | {} |\n", cells.join(" | "))
    };
    let mut text = head("kernel");
    text += &row("Debian's package", &|result| format!("`{}`", result.package));
    text += &row("tests", &|result| result.counts().to_string());
    text += "\nBy which mechanism, the one that tracer chooses first:\n\n";
    text += &head("probe");
    for probe in probes(results) {
        text += &row(probe, &|result| mechanisms(result, probe));
    }
    text += "\nTests that passed, of those that ran:\n\n";
    text += &head("tests");
    for group in groups(results) {
        text += &row(&format!("`{group}`"), &|result| passed(result, group));
    }
    for result in results {
        text += &refused(result);
    }
    text
}

/// All that is observed somewhere, in the order of a recording.
fn probes(results: &[KernelResult]) -> Vec<&str> {
    let mut names = Vec::new();
    for probe in results.iter().flat_map(|result| &result.tour).flat_map(|stop| &stop.probes) {
        if !names.contains(&probe.name.as_str()) {
            names.push(&probe.name);
        }
    }
    names
}

/// Every mechanism by which a probe was attached, the one of tracer's own choice first.
fn mechanisms(result: &KernelResult, probe: &str) -> String {
    let attached = |stop: &Stop| {
        let of_name = stop.probes.iter().filter(|other| other.name == probe && other.status == "attached");
        of_name.map(|other| other.mechanism.clone()).next()
    };
    let mut all: Vec<String> = Vec::new();
    for mechanism in result.tour.iter().filter_map(attached) {
        if !all.contains(&mechanism) {
            all.push(mechanism);
        }
    }
    if all.is_empty() { "none".into() } else { all.join(", ") }
}

/// The modules of the tests.
fn groups(results: &[KernelResult]) -> BTreeSet<&str> {
    results.iter().flat_map(|result| result.tests.keys()).map(|name| group(name)).collect()
}

fn group(test: &str) -> &str {
    test.split("::").next().unwrap_or(test)
}

fn passed(result: &KernelResult, wanted: &str) -> String {
    let endings: Vec<_> =
        result.tests.iter().filter(|(name, _)| group(name) == wanted).map(|(_, ending)| ending).collect();
    let count = |ending| endings.iter().filter(|&&other| *other == ending).count();
    format!("{} of {}", count(Ending::Passed), endings.len() - count(Ending::Skipped))
}

/// What was refused where tracer chose for itself, in its own words.
fn refused(result: &KernelResult) -> String {
    let of_choice = result.tour.iter().find(|stop| stop.mechanism == MECHANISMS[0]);
    let refusals = of_choice.into_iter().flat_map(|stop| &stop.said).filter_map(|line| {
        let line = line.strip_prefix("tracer: ")?;
        line.contains(": no ").then(|| line.replace(" (-v shows the verifier's last lines)", ""))
    });
    let mut text = String::new();
    for refusal in refusals {
        if text.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\nRefused on {}:\n\n", result.version);
        }
        let _ = writeln!(text, "- {refusal}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tour::Probe;
    use super::*;

    #[test]
    fn the_table_has_the_choice_first_and_what_was_refused() {
        let probe = |mechanism: &str, status: &str| Probe {
            name: "sendfile".into(),
            mechanism: mechanism.into(),
            status: status.into(),
            reason: None,
        };
        let stop = |mechanism: &str, probe| Stop {
            mechanism: mechanism.into(),
            probes: vec![probe],
            said: vec!["tracer: sendfile: no fentry: refused (-v shows the verifier's last lines)".into()],
        };
        let result = KernelResult {
            version: "6.1".into(),
            package: "linux-image-6.1".into(),
            release: "6.1.0".into(),
            tests: [("a::b".into(), Ending::Passed), ("a::c".into(), Ending::Failed), ("a::d".into(), Ending::Skipped)]
                .into(),
            tour: vec![
                stop("auto", probe("tracepoint", "attached")),
                stop("fentry", probe("none", "unavailable")),
                stop("tp_btf", probe("tp_btf", "attached")),
            ],
        };
        let text = markdown(&[result]);
        assert!(text.contains("| sendfile | tracepoint, tp_btf |\n"), "{text}");
        assert!(text.contains("| `a` | 1 of 2 |\n"), "{text}");
        assert!(text.contains("| tests | 1 passed, 1 failed, 1 skipped |\n"), "{text}");
        assert!(text.ends_with("Refused on 6.1:\n\n- sendfile: no fentry: refused\n"), "{text}");
    }
}
