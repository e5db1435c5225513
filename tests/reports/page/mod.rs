//! The page, in a real browser.

mod looks;
mod recordings;
