//! Long calls on pages in memory that never sleep, alone on their CPU or with others.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use std::os::fd::AsFd;
use tests::{os::schedule::pin_to, truth::Truth};

use crate::{
    burners::Burners,
    crew::{Crew, this_thread},
    meter::{Call, Meter},
    out::{self, Sink},
    protocol, source,
};

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Calls to make
    #[arg(long, default_value_t = 50)]
    calls: usize,
    /// Bytes a call
    #[arg(long, default_value_t = 64 << 20)]
    bytes: usize,
    /// Where they go
    #[arg(long, value_enum, default_value = "memory")]
    out: out::Kind,
    /// Threads that want the same CPU all the time
    #[arg(long, default_value_t = 0)]
    burners: usize,
    /// The CPU of all threads that work
    #[arg(long, default_value_t = 0)]
    cpu: usize,
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    let file = source::hot(directory, "busy", options.bytes as u64)?;
    let sink = Sink::open(options.out)?;
    // The first copy makes the pages of the file in memory.
    Call { source: file.as_fd(), out: sink.as_fd(), offset: 0, bytes: options.bytes }.make();
    let work = {
        let options = options.clone();
        move || {
            pin_to(options.cpu)?;
            let meter = Meter::new()?;
            let mut truth = this_thread()?;
            for _ in 0..options.calls {
                sink.rewind()?;
                let call = Call { source: file.as_fd(), out: sink.as_fd(), offset: 0, bytes: options.bytes };
                let call = meter.measure(call)?;
                truth.count(call.returned);
                truth.each.push(call);
            }
            Ok(truth)
        }
    };
    let crew = Crew::assemble(vec![work])?;
    protocol::ready("busy", crew.tids())?;
    let burners = Burners::start(options.burners, options.cpu)?;
    let threads = crew.work()?;
    drop(burners);
    protocol::done(&Truth { threads })
}
