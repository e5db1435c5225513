//! Text that somebody else chose (thread names, command lines, paths, labels) made safe to print.
//!
//! A thread can name itself with an escape sequence that clears the screen, or with a bidirectional override
//! that turns the figures behind it round. Such characters are shown as what they are: `\x1b`, `\u{202e}`.

use std::fmt::Write;

/// `text` with every character that a terminal would obey, or not show, made visible.
///
/// A backslash stays one: systemd's unit names are full of them, and what is escaped is harmless either way.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a string cannot fail.
            '\0'..='\x1f' | '\x7f' => _ = write!(out, "\\x{:02x}", u32::from(c)),
            _ if is_hidden(c) => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
            _ => out.push(c),
        }
    }
    out
}

/// Whether `c` acts on the terminal or on its neighbours instead of being seen itself: C1 controls, line and
/// paragraph separators, bidirectional controls and the other format characters (Unicode general categories
/// Cc, Zl, Zp, Cf), invisible fillers, and what is no character.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{ffa0}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in ["kafka-network-thread-1", "读线程", "naïve 🚀", r"dev-disk-by\x2duuid", "e\u{301}"] {
            assert_eq!(escape(text), text);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_becomes_visible() {
        assert_eq!(escape("\x1b[2Jgone"), r"\x1b[2Jgone");
        assert_eq!(escape("a\nb\tc\rd\0"), r"a\nb\tc\rd\x00");
        assert_eq!(escape("\u{9b}31m"), r"\u{9b}31m");
    }

    #[test]
    fn what_would_turn_its_neighbours_round_becomes_visible() {
        assert_eq!(escape("4088\u{202e}8804"), r"4088\u{202e}8804");
        assert_eq!(escape("\u{2066}\u{200f}\u{feff}"), r"\u{2066}\u{200f}\u{feff}");
    }

    #[test]
    fn no_character_at_all_comes_out_as_a_control_or_with_a_direction_of_its_own() {
        let obeyed = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        for c in '\0'..=char::MAX {
            let shown = escape(&format!("a{c}b"));
            assert!(!shown.chars().any(obeyed), "{:x}", u32::from(c));
            assert_eq!(escape(&shown), shown, "{:x} is not escaped for good", u32::from(c));
        }
    }
}
