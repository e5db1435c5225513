//! The results of all kernels as tables, as docs/kernels.md has them.

use std::collections::BTreeSet;

use super::results::{Ending, KernelResult};

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
    text += &row("all of it", &|result| format!("[doctor](kernels/{}.txt)", result.version));
    text += "\nTests that passed, of those that ran:\n\n";
    text += &head("tests");
    for group in groups(results) {
        text += &row(&format!("`{group}`"), &|result| passed(result, group));
    }
    text
}

/// All that is observed somewhere, in doctor's order.
fn probes(results: &[KernelResult]) -> Vec<&str> {
    let mut names = Vec::new();
    for probe in results.iter().flat_map(|result| &result.doctor.probes) {
        if !names.contains(&probe.name.as_str()) {
            names.push(&probe.name);
        }
    }
    names
}

/// Every mechanism by which a probe was attached and fired, in the order in which tracer tries them.
fn mechanisms(result: &KernelResult, probe: &str) -> String {
    let of_name = result.doctor.probes.iter().filter(|other| other.name == probe);
    let holding = of_name.flat_map(|probe| &probe.rungs).filter(|rung| rung.holds);
    let all: Vec<_> = holding.map(|rung| rung.mechanism.as_str()).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{Doctor, Probe, Rung};

    #[test]
    fn the_table_has_what_holds_and_how_the_tests_ended() {
        let rung = |mechanism: &str, holds| Rung { mechanism: mechanism.into(), holds, programs: vec![] };
        let rungs = vec![rung("fentry", false), rung("tracepoint", true), rung("tp_btf", true)];
        let probe = Probe { name: "sendfile".into(), chosen: "tracepoint".into(), rungs };
        let result = KernelResult {
            version: "6.1".into(),
            package: "linux-image-6.1".into(),
            tests: [("a::b".into(), Ending::Passed), ("a::c".into(), Ending::Failed), ("a::d".into(), Ending::Skipped)]
                .into(),
            doctor: Doctor { probes: vec![probe], ..Doctor::default() },
            report: String::new(),
        };
        let text = markdown(&[result]);
        assert!(text.contains("| sendfile | tracepoint, tp_btf |\n"), "{text}");
        assert!(text.contains("| `a` | 1 of 2 |\n"), "{text}");
        assert!(text.contains("| tests | 1 passed, 1 failed, 1 skipped |\n"), "{text}");
        assert!(text.contains("| all of it | [doctor](kernels/6.1.txt) |\n"), "{text}");
    }
}
