//! Workflow commands of GitHub: lines of a job's log that annotate its run. How they are read:
//! `src/Runner.Common/ActionCommand.cs` of GitHub's runner.

use std::fmt::Write as _;

use crate::{
    escape::escape,
    gate::{judged::Judged, outcome::Outcome},
};

/// The answer, what did not pass of the checks that count, and the warnings: an annotation each. An inconclusive result is
/// a warning, or what a job that must choose takes it for `instead`.
#[must_use]
pub fn github(judged: &Judged, instead: Option<Outcome>) -> String {
    let mut out = String::new();
    let name = format!("tracer {}", judged.command);
    add(&mut out, level(judged.outcome, instead), &titled(&name, judged.outcome), &judged.summary);
    for check in &judged.checks {
        if let Some(outcome) = check.outcome.filter(|&outcome| outcome != Outcome::Pass) {
            add(&mut out, level(outcome, instead), &titled(&check.name, outcome), &check.finding);
        }
    }
    judged.warnings.iter().for_each(|warning| add(&mut out, "warning", &name, warning));
    out
}

fn level(outcome: Outcome, instead: Option<Outcome>) -> &'static str {
    match outcome.or(instead) {
        Outcome::Pass => "notice",
        Outcome::Inconclusive => "warning",
        Outcome::Fail => "error",
    }
}

fn titled(name: &str, outcome: Outcome) -> String {
    format!("{name}: {}", outcome.word())
}

fn add(out: &mut String, command: &str, title: &str, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "::{command} title={}::{}", property(title), data(text));
}

/// What stands behind a command. Ends of lines do not survive [`escape`]: so it cannot begin another one.
fn data(text: &str) -> String {
    escape(text).replace('%', "%25")
}

/// The value of one of a command's properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// `text` for a job's log, with nothing in it that GitHub would take for a command: a line that begins with `::`, or
/// one that has `##[` anywhere.
#[must_use]
pub fn without_commands(text: &str) -> String {
    let shown = |line: &str| {
        let line = line.replace("##[", "# #[");
        let words = line.trim_start();
        let indent = &line[..line.len() - words.len()];
        words.strip_prefix("::").map_or_else(|| line.clone(), |rest| format!("{indent}: :{rest}"))
    };
    text.split_inclusive(['\n', '\r']).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_ends_where_it_should() {
        assert_eq!(property("a,b: 5 %\n"), "a%2Cb%3A 5 %25\\n");
        assert_eq!(data("a,b:: 5 %0A\r\n::error::x"), "a,b:: 5 %250A\\r\\n::error::x");
    }

    #[test]
    fn a_table_stays_as_it_is() {
        for text in ["", "PASS\n  a::b  12 µs\n\n# end", "\n"] {
            assert_eq!(without_commands(text), text);
        }
    }

    #[test]
    fn nothing_in_a_table_is_a_command() {
        assert_eq!(without_commands("a\n  ::error::x\n"), "a\n  : :error::x\n");
        assert_eq!(without_commands("::stop-commands::x"), ": :stop-commands::x");
        assert_eq!(without_commands("a ##[add-mask]b ###[x]"), "a # #[add-mask]b ## #[x]");
    }
}
