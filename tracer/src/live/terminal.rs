//! The terminal: taken for the view, and given back as it was, whatever happens.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal as _},
    os::fd::{AsFd as _, OwnedFd},
    sync::{Mutex, Once, PoisonError},
};

use crossterm::{
    cursor::Hide,
    execute,
    terminal::{Clear, ClearType, EnterAlternateScreen},
};
use ratatui::backend::CrosstermBackend;
use rustix::{
    process::getpgrp,
    termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr},
};

/// What a terminal needs to show its usual screen again, with a cursor: rmcup and cnorm of an xterm, colours off before.
const GIVE_BACK: &[u8] = b"\x1b[0m\x1b[?1049l\x1b[?25h";

/// The modes that the terminal had before, while it is taken.
static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);

struct Taken {
    keys: OwnedFd,
    former: Termios,
}

/// What the view draws on.
pub type Drawn = ratatui::Terminal<CrosstermBackend<BufWriter<File>>>;

/// Whether a view can be shown: stdout is a terminal that obeys, and there are keys.
#[must_use]
pub fn can_show() -> bool {
    let obeys = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    io::stdout().is_terminal() && obeys && keys().is_ok()
}

/// Where keys are read: stdin, or the terminal if stdin is something else. crossterm chooses in the same way.
///
/// # Errors
/// If there is none.
pub fn keys() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return stdin.as_fd().try_clone_to_owned();
    }
    Ok(File::options().read(true).write(true).open("/dev/tty")?.into())
}

/// A terminal to draw on. Not taken yet.
///
/// # Errors
/// If it is gone.
pub fn drawn() -> io::Result<Drawn> {
    // Not Rust's own stdout: a panic in the midst of writing must find nothing locked.
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    ratatui::Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout)))
}

/// Whether this process may use the terminal now: a shell has not put it into the background.
#[must_use]
pub fn is_in_foreground() -> bool {
    keys().is_ok_and(|keys| tcgetpgrp(&keys).is_ok_and(|group| group == getpgrp()))
}

/// Takes the terminal: its other screen, no cursor, keys one by one. Ctrl-C and Ctrl-Z stay signals, for this process
/// and for a command that it runs alike. Again, if somebody has changed it meanwhile.
///
/// # Errors
/// If the terminal does not let itself be taken.
pub fn take() -> io::Result<()> {
    give_back_on_panic();
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if taken.is_none() {
        let keys = keys()?;
        let former = tcgetattr(&keys)?;
        *taken = Some(Taken { keys, former });
    }
    if let Some(Taken { keys, former }) = &*taken {
        let mut raw = former.clone();
        raw.make_raw();
        raw.local_modes |= LocalModes::ISIG;
        tcsetattr(keys, OptionalActions::Now, &raw)?;
    }
    let mut stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    execute!(stdout, EnterAlternateScreen, Hide, Clear(ClearType::All))
}

/// Gives the terminal back as it was. Does nothing if it is not taken.
pub fn give_back() {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Taken { keys, former }) = taken {
        // A terminal that is gone needs nothing.
        let _ = rustix::io::write(io::stdout(), GIVE_BACK);
        let _ = tcsetattr(&keys, OptionalActions::Now, &former);
    }
}

/// Whatever fails, and in whatever thread: first the terminal, then the message.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let say = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            say(info);
        }));
    });
}
