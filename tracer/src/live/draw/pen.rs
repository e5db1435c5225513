//! How things look: tints as the reports have them, and lines between panels.

use ratatui::{
    style::{Color, Modifier, Style},
    text::{Line, Span},
};

use crate::render::{
    color::Tint,
    layout::{fit, width},
};

/// `text` in at most `columns`, its end left out: of a sentence the beginning says most.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.into();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept) + 1 > columns {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

/// Draws with colours or without.
#[derive(Clone, Copy, Debug)]
pub struct Pen {
    /// Whether it has colours.
    pub color: bool,
}

impl Pen {
    /// The look of a tint. Without colours what matters most is bold.
    pub fn style(self, tint: Tint) -> Style {
        let plain = Style::new();
        match (tint, self.color) {
            (Tint::Disk, true) => plain.fg(Color::Red).add_modifier(Modifier::BOLD),
            (Tint::Good, true) => plain.fg(Color::Green),
            (Tint::Warning, true) => plain.fg(Color::Yellow),
            (Tint::Disk | Tint::Warning | Tint::Heading, _) => plain.add_modifier(Modifier::BOLD),
            (Tint::Faint, true) => plain.add_modifier(Modifier::DIM),
            (Tint::Good | Tint::Faint, false) => plain,
        }
    }

    /// A piece of text.
    pub fn span(self, tint: Tint, text: impl Into<String>) -> Span<'static> {
        Span::styled(text.into(), self.style(tint))
    }

    /// A line of text, its end cut to fit.
    pub fn line(self, tint: Tint, text: &str, columns: usize) -> Line<'static> {
        Line::from(self.span(tint, cut(text, columns)))
    }

    /// The line above a panel: `── threads · by time on disk ───────── 3 of 12 ──`.
    pub fn title(self, title: &str, note: &str, columns: usize) -> Line<'static> {
        let title = fit(title, columns.saturating_sub(8));
        let note = if width(&title) + width(note) + 10 <= columns { note } else { "" };
        let note = if note.is_empty() { String::new() } else { format!(" {note} ──") };
        let used = width("── ") + width(&title) + 1 + width(&note);
        Line::from(vec![
            self.span(Tint::Faint, "── "),
            self.span(Tint::Heading, title),
            self.span(Tint::Faint, format!(" {}{note}", "─".repeat(columns.saturating_sub(used)))),
        ])
    }
}
