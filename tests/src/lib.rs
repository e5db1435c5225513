//! Support for the tests.
//!
//! A test starts a [`workload`] that knows its own truth, lets the [`tracer`] watch it, and compares the
//! [`recording`] with the [`truth`]. Nothing of that uses the product's own types: the recording is read by
//! its published contract, the truth comes from the kernel by other ways.

pub mod agree;
pub mod bpftrace;
pub mod browser;
pub mod cgroup;
pub mod contract;
pub mod disk;
pub mod doctor;
pub mod exporter;
pub mod file_server;
pub mod golden;
pub mod haproxy;
pub mod http;
pub mod java;
pub mod jcmd;
pub mod kafka;
pub mod live_screen;
pub mod load;
pub mod made_run;
pub mod net;
pub mod nginx;
pub mod os;
pub mod process;
pub mod program;
pub mod python;
pub mod recording;
pub mod redis;
pub mod requests;
pub mod require;
pub mod runner;
pub mod slow_image;
pub mod steps;
pub mod sysctl;
pub mod terminal;
pub mod tmux;
pub mod tools;
pub mod tracer;
pub mod truth;
pub mod under_tracer;
pub mod unprivileged;
pub mod wait;
pub mod workload;
