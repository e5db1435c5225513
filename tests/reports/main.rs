//! Every format of a recording: letter for letter, and read by a program of its own kind.

mod bpftrace;
mod golden;
mod hlog;
mod markdown;
mod openmetrics;
mod page;
mod progress;
