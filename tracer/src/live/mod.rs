//! `--live`: what the window has brought so far, on a terminal, as it goes.
//!
//! The measurement hands over a snapshot of the open window once a second and slow calls as they come (`observer`).
//! A thread of its own (`screen`) turns the snapshot into a recording, by the analysis that makes the one at the end,
//! reads the keys (`input`) and draws. What it draws is a pure function of what was seen (`seen`), of what the person looks at
//! (`view`) and of the size of the terminal (`draw`), in the words that the reports use.

mod draw;
mod input;
mod keys;
mod observer;
mod screen;
mod seen;
mod terminal;
mod view;

pub use self::{draw::draw, keys::Command, observer::Live, seen::Seen, terminal::can_show, view::View};
