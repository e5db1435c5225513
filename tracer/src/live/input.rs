//! Keys, read from the terminal.
//!
//! Not by crossterm's reader: that is a thread which never ends, and runs in circles once the terminal is gone.

use std::{
    io,
    os::fd::{AsRawFd as _, OwnedFd},
    time::Duration,
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rustix::fs::{Mode, OFlags};
use tokio::{
    io::{Interest, unix::AsyncFd},
    time::timeout,
};

use super::terminal;

/// How long to wait for what follows an escape: a terminal sends the rest of a key's sequence at once.
const REST: Duration = Duration::from_millis(25);

const ESCAPE: u8 = 0x1b;

/// The keys that are pressed from now on.
pub struct Input {
    terminal: AsyncFd<OwnedFd>,
    /// What has been read and is no key yet.
    pending: Vec<u8>,
}

impl Input {
    /// Of the terminal that this process has.
    ///
    /// # Errors
    /// If there is none.
    pub fn open() -> io::Result<Self> {
        let keys = terminal::keys()?;
        // Opened once more: that it does not block is for this descriptor alone, and not for those of other processes.
        let path = format!("/proc/self/fd/{}", keys.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let own = rustix::fs::open(path, flags, Mode::empty())?;
        // SAFETY: the descriptor is owned, stays open and keeps its number for as long as it is registered.
        let terminal = unsafe { AsyncFd::register_with_interest(own, Interest::READABLE) }.map_err(io::Error::from)?;
        Ok(Self { terminal, pending: Vec::new() })
    }

    /// The next key; `None`: the terminal is gone. May be given up and called again.
    pub async fn next(&mut self) -> Option<KeyEvent> {
        loop {
            match key(&self.pending) {
                Parsed::Key(event, length) => {
                    self.pending.drain(..length);
                    return Some(event);
                }
                Parsed::Nothing(length) => drop(self.pending.drain(..length)),
                Parsed::Unfinished if self.pending.is_empty() => self.read().await.ok()?,
                Parsed::Unfinished => match timeout(REST, self.read()).await {
                    Ok(read) => read.ok()?,
                    // Nothing follows: it was the key itself, or half of what no key sends.
                    Err(_) => {
                        let first = self.pending.remove(0);
                        if first == ESCAPE {
                            return Some(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
                        }
                    }
                },
            }
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; 256];
        let read = |terminal: &OwnedFd| rustix::io::read(terminal, &mut bytes).map_err(io::Error::from);
        match self.terminal.async_io(Interest::READABLE, read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.pending.extend(&bytes[..count]);
                Ok(())
            }
        }
    }
}

/// What bytes begin with.
#[derive(Debug, PartialEq)]
enum Parsed {
    /// A key, in so many bytes.
    Key(KeyEvent, usize),
    /// So many bytes that are no key known here.
    Nothing(usize),
    /// More must come.
    Unfinished,
}

/// The key that `bytes` begin with, as an xterm sends it (XTerm Control Sequences, "PC-Style Function Keys").
fn key(bytes: &[u8]) -> Parsed {
    let plain = |code, length| Parsed::Key(KeyEvent::new(code, KeyModifiers::NONE), length);
    match *bytes {
        [] | [ESCAPE] | [ESCAPE, b'O'] => Parsed::Unfinished,
        [ESCAPE, b'[', ref rest @ ..] => {
            // Parameters and intermediate bytes, then the one that ends it (ECMA-48, 5.4).
            let Some(end) = rest.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
                return Parsed::Unfinished;
            };
            code_of(&rest[..end], rest[end]).map_or(Parsed::Nothing(end + 3), |code| plain(code, end + 3))
        }
        [ESCAPE, b'O', last, ..] => code_of(b"", last).map_or(Parsed::Nothing(3), |code| plain(code, 3)),
        [ESCAPE, ..] => plain(KeyCode::Esc, 1),
        [b'\r' | b'\n', ..] => plain(KeyCode::Enter, 1),
        [0x08 | 0x7f, ..] => plain(KeyCode::Backspace, 1),
        [b'\t', ..] => plain(KeyCode::Tab, 1),
        [control @ 1..0x1b, ..] => {
            let letter = char::from(control - 1 + b'a');
            Parsed::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL), 1)
        }
        [0 | 0x1c..0x20, ..] => Parsed::Nothing(1),
        [first, ..] => letter(bytes, first),
    }
}

/// A letter in UTF-8.
fn letter(bytes: &[u8], first: u8) -> Parsed {
    let length = match first {
        ..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return Parsed::Nothing(1),
    };
    let Some(whole) = bytes.get(..length) else { return Parsed::Unfinished };
    match str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
        Some(letter) => Parsed::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE), length),
        None => Parsed::Nothing(1),
    }
}

/// The key of a sequence with these parameters that ends so.
fn code_of(parameters: &[u8], last: u8) -> Option<KeyCode> {
    let first = parameters.split(|&byte| byte == b';').next().unwrap_or_default();
    Some(match (last, first) {
        (b'A', _) => KeyCode::Up,
        (b'B', _) => KeyCode::Down,
        (b'C', _) => KeyCode::Right,
        (b'D', _) => KeyCode::Left,
        (b'H', _) | (b'~', b"1" | b"7") => KeyCode::Home,
        (b'F', _) | (b'~', b"4" | b"8") => KeyCode::End,
        (b'~', b"5") => KeyCode::PageUp,
        (b'~', b"6") => KeyCode::PageDown,
        (b'M', b"") => KeyCode::Enter,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(mut bytes: &[u8]) -> Vec<KeyCode> {
        let mut codes = Vec::new();
        loop {
            match key(bytes) {
                Parsed::Key(event, length) => {
                    codes.push(event.code);
                    bytes = &bytes[length..];
                }
                Parsed::Nothing(length) => bytes = &bytes[length..],
                Parsed::Unfinished => return codes,
            }
        }
    }

    #[test]
    fn keys_are_those_that_terminals_send() {
        use KeyCode::{Backspace, Char, Down, End, Enter, Esc, Home, PageDown, PageUp, Up};
        assert_eq!(codes(b"q\x1b[A\x1bOB\r\x7f"), [Char('q'), Up, Down, Enter, Backspace]);
        assert_eq!(codes(b"\x1b[5~\x1b[6~\x1b[1~\x1b[F\x1b[1;5A"), [PageUp, PageDown, Home, End, Up]);
        assert_eq!(codes("aé€😀".as_bytes()), [Char('a'), Char('é'), Char('€'), Char('😀')]);
        assert_eq!(codes(b"\x1bx"), [Esc, Char('x')]);
        // A report of the mouse, a function key, and what is no text.
        assert_eq!(codes(b"\x1b[<0;10;5M\x1b[15~\xff\x00z"), [Char('z')]);
        let interrupt = KeyEvent::new(Char('c'), KeyModifiers::CONTROL);
        assert_eq!(key(b"\x03"), Parsed::Key(interrupt, 1));
    }

    #[test]
    fn what_is_not_whole_waits_for_the_rest() {
        for half in [&b"\x1b"[..], b"\x1b[", b"\x1b[1;", b"\x1bO", &"é".as_bytes()[..1], &"😀".as_bytes()[..3], b""]
        {
            assert_eq!(key(half), Parsed::Unfinished, "{half:?}");
        }
    }

    #[test]
    fn any_bytes_are_read_to_their_end() {
        let telling = [0, 3, ESCAPE, b'[', b'O', b';', b'5', b'~', b'A', b'z', 0x7f, 0x80, 0xc3, 0xe2, 0xf0, 0xff];
        let all = (0..=u8::MAX).flat_map(|one| telling.map(move |two| [one, two]));
        for [one, two] in all {
            for three in telling {
                codes(&[one, two, three, one, two]);
            }
        }
    }
}
