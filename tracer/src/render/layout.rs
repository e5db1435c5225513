//! Lines that keep within a width: labelled facts, wrapped text, cut names.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A name is not cut below this, even if the line gets too long.
pub const LEAST_NAME: usize = 8;

/// What follows a figure and is not parted from it.
const UNITS: [&str; 14] = ["ns", "µs", "ms", "s", "min", "h", "%", "B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// Where the text of a labelled line starts.
pub const TEXT_COLUMN: usize = 10;

/// Columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `columns`, its middle left out: threads of a kind differ at their names' ends.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.into();
    }
    let kept = columns.saturating_sub(1);
    let mut head = prefix(text.chars(), kept.div_ceil(2));
    let tail: String = prefix(text.chars().rev(), kept / 2).chars().rev().collect();
    loop {
        let cut = format!("{head}…{tail}");
        // Characters can be wider together than one by one: an emoji and its variation selector.
        if width(&cut) <= columns || head.pop().is_none() {
            return cut;
        }
    }
}

/// `path` in at most `columns`, directories on the left left out: `…/cold-0/00000000.log`. The last name is
/// only cut if it alone is too long.
pub fn fit_path(path: &str, columns: usize) -> String {
    if width(path) <= columns {
        return path.into();
    }
    let end = path.strip_suffix('/').unwrap_or(path).len();
    let tails = path[..end].rmatch_indices('/').map(|(at, _)| &path[at..]);
    match tails.take_while(|tail| width("…") + width(tail) <= columns).last() {
        Some(tail) => format!("…{tail}"),
        None => fit(last_name(path), columns),
    }
}

/// What follows the directories of a path.
pub fn last_name(path: &str) -> &str {
    let end = path.strip_suffix('/').unwrap_or(path).len();
    path[..end].rfind('/').map_or(path, |at| &path[at + 1..])
}

/// As many characters as fit.
fn prefix(chars: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

/// `label  item · item`, continued on indented lines where the items do not fit on one.
pub fn labelled_items(label: &str, items: &[String], columns: usize) -> String {
    flow(label, items.iter().map(String::as_str), " ·", columns)
}

/// `label  some words`, continued on indented lines.
pub fn labelled(label: &str, text: &str, columns: usize) -> String {
    flow(label, words(text).iter().map(String::as_str), "", columns)
}

/// Words from the margin on, continued on indented lines.
pub fn paragraph(text: &str, columns: usize) -> String {
    let mut words = words(text).into_iter();
    let mut out = words.next().unwrap_or_default();
    let mut at = width(&out);
    for word in words {
        let fits = at + 1 + width(&word) <= columns;
        out.push_str(if fits { " " } else { "\n  " });
        at = if fits { at + 1 } else { 2 } + width(&word);
        out.push_str(&word);
    }
    out + "\n"
}

/// The words of a text. A figure and its unit are one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_unit = UNITS.contains(&word.trim_end_matches([',', '.', ':', ';', ')']));
        match words.last_mut() {
            Some(figure) if is_unit && figure.ends_with(|c: char| c.is_ascii_digit()) => {
                figure.push(' ');
                figure.push_str(word);
            }
            _ => words.push(word.into()),
        }
    }
    words
}

/// Lays out `pieces`, each kept whole, with `separator` and a space between them.
fn flow<'a>(label: &str, pieces: impl Iterator<Item = &'a str>, separator: &str, columns: usize) -> String {
    let mut pieces = pieces.peekable();
    let mut out = format!("  {label:<fill$}", fill = TEXT_COLUMN - 2);
    let mut at = TEXT_COLUMN;
    let mut is_first = true;
    while let Some(piece) = pieces.next() {
        if !is_first {
            out.push_str(separator);
            at += width(separator);
            let separator_after = if pieces.peek().is_some() { width(separator) } else { 0 };
            if at + 1 + width(piece) + separator_after > columns {
                out.push('\n');
                out.push_str(&" ".repeat(TEXT_COLUMN));
                at = TEXT_COLUMN;
            } else {
                out.push(' ');
                at += 1;
            }
        }
        out.push_str(piece);
        at += width(piece);
        is_first = false;
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_name_keeps_both_ends() {
        assert_eq!(fit("data-plane-kafka-network-thread-1", 12), "data-p…ead-1");
        assert_eq!(fit("short", 12), "short");
    }

    #[test]
    fn a_cut_name_is_never_wider_than_asked() {
        for text in ["读线程读线程读线程", "❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}", "🚀🚀🚀🚀🚀🚀", "a读b线c程d"]
        {
            for columns in 1..12 {
                assert!(width(&fit(text, columns)) <= columns, "{text} in {columns}");
                let path = format!("{text}/{text}");
                assert!(width(&fit_path(&path, columns)) <= columns, "{path} in {columns}");
            }
        }
    }

    #[test]
    fn a_cut_path_keeps_its_last_names() {
        let path = "/var/lib/kafka/cold-0/00000000.log";
        assert_eq!(fit_path(path, 34), path);
        assert_eq!(fit_path(path, 33), "…/lib/kafka/cold-0/00000000.log");
        assert_eq!(fit_path(path, 20), "…/00000000.log");
        assert_eq!(fit_path(path, 12), "00000000.log");
        assert_eq!(fit_path(path, 9), "0000….log");
        assert_eq!(fit_path("/var/lib/kafka/cold-0/", 12), "…/cold-0/");
        assert_eq!(fit_path("[2001:db8::1]:51234", 11), "[2001…51234");
    }

    #[test]
    fn a_figure_stays_with_its_unit() {
        assert_eq!(paragraph("clear: none waited 36.8 ms, or more", 26), "clear: none waited\n  36.8 ms, or more\n");
        assert_eq!(labelled("what", "slept 36.8 ms.", 20), "  what    slept\n          36.8 ms.\n");
    }

    #[test]
    fn items_wrap_as_a_whole() {
        let items = ["sendfile: tracepoint", "disk waits: tp_btf", "nothing lost"].map(String::from);
        assert_eq!(
            labelled_items("probes", &items, 44),
            "  probes  sendfile: tracepoint ·\n          disk waits: tp_btf · nothing lost\n"
        );
    }
}
