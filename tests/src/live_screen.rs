//! The live view as it stands on a terminal, without one.

use anstyle::{AnsiColor, Effects, Style};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
    text::Span,
};
use tracer::live::{Command, Seen, View, draw};

/// What is on a terminal of that size after these keys.
///
/// # Panics
/// If it cannot be drawn.
#[must_use]
pub fn drawn(seen: &Seen, keys: &[Command], color: bool, columns: u16, rows: u16) -> Buffer {
    let mut view = View::new(color);
    keys.iter().for_each(|&key| view.apply(key, seen));
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(seen, &view, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// What a person reads, without the blanks at the ends of lines.
#[must_use]
pub fn text_of(buffer: &Buffer) -> String {
    lines(buffer, |cell| cell.symbol().to_owned(), |line| line.trim_end().to_owned())
}

/// The same with its colours, as escape sequences (ECMA-48, SGR), and with all blanks.
#[must_use]
pub fn ansi_of(buffer: &Buffer) -> String {
    lines(buffer, |cell| format!("{0}{1}{0:#}", style_of(cell), cell.symbol()), |line| line)
}

fn lines(buffer: &Buffer, text: impl Fn(&Cell) -> String, finish: impl Fn(String) -> String) -> String {
    let rows = buffer.content.chunks(usize::from(buffer.area.width).max(1));
    let lines = rows.map(|cells| {
        let (mut line, mut covered) = (String::new(), 0);
        for cell in cells {
            // A wide character covers the cell behind it.
            if covered == 0 {
                line.push_str(&text(cell));
                covered = Span::raw(cell.symbol()).width().max(1);
            }
            covered -= 1;
        }
        finish(line) + "\n"
    });
    lines.collect()
}

fn style_of(cell: &Cell) -> Style {
    let modifiers = [
        (Modifier::BOLD, Effects::BOLD),
        (Modifier::DIM, Effects::DIMMED),
        (Modifier::REVERSED, Effects::INVERT),
        (Modifier::UNDERLINED, Effects::UNDERLINE),
    ];
    let effects = modifiers.iter().filter(|(modifier, _)| cell.modifier.contains(*modifier));
    let effects = effects.fold(Effects::new(), |effects, (_, effect)| effects | *effect);
    Style::new().fg_color(color_of(cell.fg)).bg_color(color_of(cell.bg)).effects(effects)
}

fn color_of(color: Color) -> Option<anstyle::Color> {
    let color = match color {
        Color::Reset => return None,
        Color::Red => AnsiColor::Red,
        Color::Green => AnsiColor::Green,
        Color::Yellow => AnsiColor::Yellow,
        other => panic!("the view has a new colour: {other:?}"),
    };
    Some(color.into())
}
