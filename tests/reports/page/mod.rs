//! The page, in a real browser.

mod behaviour;
mod charts;
mod comparison;
mod figures;
mod looks;
mod recordings;
mod safety;
mod size;
