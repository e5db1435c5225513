//! One thin file per command: options in, results out.

pub mod demo;
pub mod follow;
pub mod lines;
pub mod measure;
pub mod progress;
pub mod report;
pub mod results;
pub mod run;
