//! One thin file per command: options in, results out.

pub mod demo;
pub mod report;
pub mod results;
pub mod sendfile;
