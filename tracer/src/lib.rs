//! eBPF latency diagnostics: which event-loop threads were blocked on disk inside a call that should have
//! been a memory copy, on which file, for which client, and who waited behind them.
//!
//! One direction: options → probe → collect → Snapshot → Recording → analysis → render. `model`, `analysis`
//! and `render` are pure: a saved recording and a live measurement go through the same code.

pub mod analysis;
pub mod capabilities;
pub mod child;
pub mod cli;
pub mod collect;
pub mod commands;
pub mod confine;
pub mod demo;
pub mod doctor;
pub mod duration;
pub mod escape;
pub mod exit;
pub mod gate;
pub mod globs;
pub mod live;
pub mod measure;
pub mod model;
pub mod options;
pub mod output;
pub mod probe;
pub mod recordings;
pub mod render;
pub mod scratch;
pub mod self_test;
pub mod serve;
pub mod snapshot;
pub mod stderr;
pub mod units;
