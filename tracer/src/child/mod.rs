//! CMD: a command that runs while tracer measures. It is started, held before its exec until the probes are on, and
//! then let go. Its streams, its place in the terminal and its surroundings are those that it would have without
//! tracer; signals that tracer is sent are passed on to it, and its exit code becomes tracer's.

mod command;
mod ending;
mod inherited;
mod signals;
mod stage;
mod streams;
mod user;

pub use self::{
    command::Child,
    ending::Ending,
    streams::Streams,
    user::{User, run_as},
};
