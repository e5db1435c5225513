//! What a key means.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What somebody at the keys asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Close the window, print the report.
    Quit,
    /// Hold the view, or let it go on.
    Pause,
    /// Sort by the next column.
    Sort,
    /// Sort the other way round.
    Reverse,
    /// Begin to write a filter.
    Filter,
    /// Add to the filter that is being written.
    Type(char),
    /// Take its last character away.
    Erase,
    /// So many rows down; up if negative.
    Move(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Into the chosen thread; or the filter is written.
    Enter,
    /// Back: out of the thread, the help or the filter.
    Back,
    /// The heat map, or the histogram.
    Chart,
    /// Explain the keys and the figures.
    Help,
}

/// Rows that a page is long.
const PAGE: isize = 10;

/// The command of a key; `None`: it has none. While somebody writes a filter, letters are letters.
#[must_use]
pub fn command(key: &KeyEvent, is_writing: bool) -> Option<Command> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'd') if has_control => Some(Command::Quit),
        KeyCode::Char('u') if has_control && is_writing => Some(Command::Back),
        KeyCode::Enter => Some(Command::Enter),
        KeyCode::Esc => Some(Command::Back),
        KeyCode::Up => Some(Command::Move(-1)),
        KeyCode::Down => Some(Command::Move(1)),
        KeyCode::PageUp => Some(Command::Move(-PAGE)),
        KeyCode::PageDown => Some(Command::Move(PAGE)),
        KeyCode::Home => Some(Command::First),
        KeyCode::End => Some(Command::Last),
        KeyCode::Backspace if is_writing => Some(Command::Erase),
        KeyCode::Backspace | KeyCode::Left => Some(Command::Back),
        KeyCode::Right => Some(Command::Enter),
        KeyCode::Char(_) if has_control => None,
        KeyCode::Char(letter) if is_writing => Some(Command::Type(letter)),
        KeyCode::Char(letter) => of_letter(letter),
        _ => None,
    }
}

fn of_letter(letter: char) -> Option<Command> {
    Some(match letter {
        'q' => Command::Quit,
        'p' | ' ' => Command::Pause,
        's' => Command::Sort,
        'r' => Command::Reverse,
        '/' => Command::Filter,
        'k' => Command::Move(-1),
        'j' => Command::Move(1),
        'g' => Command::First,
        'G' => Command::Last,
        'm' => Command::Chart,
        '?' | 'h' => Command::Help,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_letters_while_a_filter_is_written() {
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        assert_eq!(command(&key(KeyCode::Char('q')), false), Some(Command::Quit));
        assert_eq!(command(&key(KeyCode::Char('q')), true), Some(Command::Type('q')));
        assert_eq!(command(&key(KeyCode::Char('?')), true), Some(Command::Type('?')));
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(command(&interrupt, true), Some(Command::Quit));
    }
}
