//! Workflow commands of GitHub: lines of a job's log that annotate its run.

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
