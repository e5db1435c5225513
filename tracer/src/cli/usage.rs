//! Mistakes in the command line, in one line each, like every other error.

use std::ffi::OsString;

use clap::error::{Error, ErrorKind};

use crate::exit;

/// The exit code of a mistake in `arguments`: with a command to run, one that it is not likely to have itself.
#[must_use]
pub fn exit_code(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let mut arguments = arguments.into_iter().skip(1);
    let runs_command = arguments.next().is_some_and(|command| command == "run") || arguments.any(|word| word == "--");
    if runs_command { exit::FAILED_BESIDE_COMMAND } else { exit::USAGE }
}

/// What is wrong with the command line; `None` if nothing is, and help or the version was asked for.
#[must_use]
pub fn mistake(error: &Error) -> Option<String> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            None
        }
        _ => Some(format!("{} (--help shows what there is)", first_paragraphs(&error.render().to_string()))),
    }
}

/// clap's text without the usage and the reference to the help, which fill a screen.
fn first_paragraphs(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let paragraphs = text.split("\n\n").take_while(|paragraph| !paragraph.starts_with("Usage:"));
    let paragraphs = paragraphs.filter(|paragraph| !paragraph.starts_with("For more information"));
    // An option before `--` that is misspelt is not meant for the command behind it.
    let is_meant = |line: &&str| !line.starts_with("tip: to pass ");
    let lines = |paragraph: &str| paragraph.lines().map(str::trim).filter(is_meant).collect::<Vec<_>>().join(" ");
    paragraphs.map(lines).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    fn said(arguments: &str) -> Option<String> {
        let words = std::iter::once("tracer").chain(arguments.split_whitespace());
        Cli::try_parse_from(words).err().and_then(|error| mistake(&error))
    }

    #[test]
    fn a_mistake_is_one_line() {
        for (arguments, expected) in [
            (
                "sendfile",
                "arguments were not provided: <--pid <PID>|--tid <TID>|--comm <NAME>|--cgroup <CGROUP>|--unit <UNIT>|--all> (",
            ),
            ("sendfile -a -t 1", "'--all' cannot be used with '--tid <TID>' ("),
            ("sendfile -p 1 --durtion 1", "'--durtion' found; tip: a similar argument exists: '--duration' ("),
            ("sendfile -p 1 -f xml", "'xml' for '--format <FORMAT>' [possible values: table, json, html, jsonl, "),
            ("sendfle", "unrecognized subcommand 'sendfle'; tip: "),
        ] {
            let said = said(arguments).unwrap_or_default();
            assert!(said.contains(expected) && !said.contains('\n'), "{arguments}: {said}");
        }
    }

    #[test]
    fn to_ask_for_help_is_no_mistake() {
        for arguments in ["", "--help", "-h", "--version", "sendfile --help", "help"] {
            assert_eq!(said(arguments), None, "{arguments}");
        }
    }
}
