//! Text that somebody else chose, in Markdown: what would be markup, HTML, a link, a mention or a formula is shown.
//!
//! Character references are used where a backslash would do in most places, but not in a cell of a table.

use std::fmt::Write as _;

use crate::{escape::escape, render::layout::fit};

/// Characters of a text that are kept; a foreign recording may have any number.
const LONGEST: usize = 400;

/// A sentence or a name in running text.
pub fn plain(text: &str) -> String {
    let text = fit(&escape(text), LONGEST);
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (index, &c) in chars.iter().enumerate() {
        let next = chars.get(index + 1).copied();
        let before = index.checked_sub(1).map(|before| chars[before]);
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        match c {
            // Inside a word it is none of emphasis.
            '_' if is_word(before) && is_word(next) => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' => reference(&mut out, c),
            // GitHub looks for people, issues, formulas, links and pictures in the text that has been rendered: an
            // empty comment parts it.
            // But a time of day is none.
            ':' if is_digit(before) && is_digit(next) => out.push(c),
            '@' | '#' | '$' | ':' if next.is_some_and(|next| !next.is_whitespace()) => {
                out.push(c);
                out.push_str("<!-- -->");
            }
            '.' if chars[..index].ends_with(&['w', 'w', 'w']) => reference(&mut out, c),
            _ => out.push(c),
        }
    }
    out
}

/// A name, path or address, as code: there nothing is looked for.
pub fn code(text: &str) -> String {
    let text = fit(&escape(text), LONGEST);
    // A span of code would lose outer blanks, and has no escapes.
    let is_simple = !text.is_empty() && text.trim() == text && !text.contains(['`', '|', '\\']);
    if is_simple {
        return format!("`{text}`");
    }
    let mut out = String::from("<code>");
    for c in text.chars() {
        match c {
            // Addresses of mail are looked for in the text that has been rendered.
            '@' => out.push_str("@<!-- -->"),
            _ if c.is_ascii_punctuation() => reference(&mut out, c),
            _ => out.push(c),
        }
    }
    out + "</code>"
}

/// A block of lines as they are.
pub fn block(text: &str) -> String {
    format!("```text\n{}\n```\n\n", text.trim_end_matches('\n'))
}

fn reference(out: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _ = write!(out, "&#{};", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_and_figures_stay_as_they_are() {
        for text in
            ["7 disk-blocked calls, 36.8 ms (first order)", "cold_requested", "nginx: worker process", "09:00:00 UTC"]
        {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn markup_is_shown() {
        assert_eq!(plain("<b> *x* [y](z) a|b"), "&#60;b&#62; &#42;x&#42; &#91;y&#93;(z) a&#124;b");
        assert_eq!(plain("_x_ a_b"), "&#95;x&#95; a_b");
        assert_eq!(
            plain("@all #1 $x$ http://a www.a"),
            "@<!-- -->all #<!-- -->1 $<!-- -->x$ http:<!-- -->//a www&#46;a"
        );
    }

    #[test]
    fn code_cannot_end_early() {
        assert_eq!(code("data-plane-0"), "`data-plane-0`");
        assert_eq!(code("a`b"), "<code>a&#96;b</code>");
        assert_eq!(code("a|<b>"), "<code>a&#124;&#60;b&#62;</code>");
        assert_eq!(code(" a@b"), "<code> a@<!-- -->b</code>");
    }

    #[test]
    fn a_text_without_end_is_cut() {
        assert!(plain(&"x".repeat(100_000)).len() < 1_000);
    }
}
