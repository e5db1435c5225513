//! The one place that writes to stderr: messages, and at most one line that shows progress below them.

use std::{
    io::{IsTerminal as _, Write as _},
    sync::{Mutex, PoisonError},
};

use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::escape::escape;

/// The line below the messages, while there is one.
static LINE: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// What was said while the terminal showed something else; `None`: it does not.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// Keeps what is said from now on, until the value that it gives is dropped: another part of the program has the
/// terminal.
#[must_use]
pub fn hold() -> Held {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
    Held(())
}

/// While it lives, what is said is kept; then it is said.
#[derive(Debug)]
pub struct Held(());

impl Drop for Held {
    fn drop(&mut self) {
        let kept = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.iter().flatten().for_each(|text| say(text));
    }
}

/// So many texts are kept.
const MOST_KEPT: usize = 1000;

/// Says something to the person at the terminal. Text from the kernel or from files may be in it, so nothing in it can
/// move the cursor: each line is escaped.
pub fn say(text: &str) {
    if let Some(kept) = &mut *HELD.lock().unwrap_or_else(PoisonError::into_inner) {
        if kept.len() < MOST_KEPT {
            kept.push(text.to_owned());
        }
        return;
    }
    let lines: Vec<_> = text.lines().map(escape).collect();
    // Nobody is left to tell when stderr is closed.
    let write = || _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
    match &*LINE.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(line) => line.suspend(write),
        None => write(),
    }
}

/// Whether a line that changes can be shown: stderr is a terminal that obeys.
#[must_use]
pub fn shows_lines() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A line that stays below all messages until it is dropped.
#[derive(Debug)]
pub struct Line(ProgressBar);

impl Line {
    /// Shows `bar` as the line. There is one at a time: an earlier one is taken away.
    #[must_use]
    pub fn show(bar: ProgressBar) -> Self {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        let earlier = LINE.lock().unwrap_or_else(PoisonError::into_inner).replace(bar.clone());
        earlier.iter().for_each(ProgressBar::finish_and_clear);
        Self(bar)
    }

    /// Changes it: where it stands, and its words, which are not escaped.
    pub fn update(&self, position: u64, words: String) {
        self.0.set_position(position);
        self.0.set_message(words);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.finish_and_clear();
        *line = None;
    }
}
