//! One thin file per command: options in, results out.

pub mod check;
pub mod compare;
mod compare_runs;
pub mod demo;
pub mod doctor;
mod files;
pub mod follow;
pub mod gate_results;
pub mod lines;
pub mod measure;
mod objectives;
mod printer;
pub mod progress;
pub mod report;
pub mod results;
pub mod run;
pub mod serve;
pub mod slo;
mod targets;
