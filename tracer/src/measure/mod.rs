//! One measurement from start to end: attach, open the window, wait, close it, collect, analyse.

mod attached;
mod attention;
mod cutter;
mod early;
mod found;
mod java;
mod logs;
mod observer;
mod patience;
mod room;
mod rounds;
mod scene;
mod ticks;
mod warnings;
mod window;

use std::time::Instant;

use anyhow::{Context as _, Result};

use self::{
    attached::Attached,
    attention::Attention,
    logs::Logs,
    patience::Patience,
    scene::{Asked, Scene},
};
pub use self::{observer::Observer, rounds::measure_in_rounds};
use crate::{
    analysis,
    child::Child,
    collect,
    confine::{Needs, confine},
    model::Recording,
    options::Measurement,
};

/// Measures. A `child` is let go when the window opens, and its end closes it.
///
/// # Errors
/// If the target does not exist or the kernel does not let it be measured.
pub fn measure(options: &Measurement, mut child: Option<&mut Child>, observer: &mut dyn Observer) -> Result<Recording> {
    let runtime = runtime()?;
    let patience = Patience::new(child.as_deref_mut(), observer);
    let Attached { mut session, maps, targets, mut stacks } = Attached::to(options, patience)?;
    confine(&Needs::of(options), || session.can_be_read(), &mut |text| observer.detail(text));
    let mut patience = Patience::new(child.as_deref_mut(), observer);
    let processes = found::find_targets(options, &targets, &mut session, &maps, &mut patience)?;
    if let Some(stacks) = &mut stacks {
        // What a command has mapped before its exec is not the command's.
        stacks.look(processes.first().filter(|_| options.command.is_none()));
    }
    let mut logs = Logs::new(options, processes, attached::culprits(&mut session, observer)?);
    logs.stacks = stacks;
    // Before the window opens: it stops the target for a moment.
    logs.java = options.java_names.then(|| {
        let asked = Instant::now();
        let names = java::ask(&targets, &logs.processes, observer);
        observer.detail(&format!("asked for names of Java threads: {} ms", asked.elapsed().as_millis()));
        names
    });
    let scene = Scene { options, maps: &maps, host: collect::host() };
    let window = async {
        let mut attention = Attention::to(options, targets, &mut session, child.as_deref_mut())?;
        window::watch(&scene, &mut session, &mut logs, &mut attention, observer).await
    };
    let window = runtime.block_on(window)?;
    let asked = Asked::now(&mut session, &maps, &mut logs);
    logs.processes.drain();
    if session.lists_targets() {
        logs.processes.extend(&session.targets(|| maps.target_counts())?);
    }
    logs.processes.add_slots(&maps);
    logs.processes.refresh();
    // The kernel waits for grace periods, probe by probe; behind a closed gate nobody else needs to.
    std::thread::spawn(move || drop(session));
    let held = maps.held(&mut collect::thread_now);
    let mut snapshot = scene.snapshot(window, asked, held, &mut logs);
    if let Some(child) = &child {
        snapshot.target.processes.iter_mut().for_each(|process| child.describe(process));
    }
    let slow_calls = snapshot.culprits.iter().flat_map(|culprits| &culprits.calls);
    let slow_calls = slow_calls.map(|data| (data.call.key.pid, data.call.stack));
    snapshot.stacks = logs.stacks.map(|log| log.finish(slow_calls)).transpose()?;
    if let Some(java) = logs.java {
        let asleep = snapshot.asleep.as_deref().unwrap_or_default();
        snapshot.thread_names = java::names(java, &snapshot.threads, asleep, observer);
    }
    Ok(analysis::recording(&snapshot))
}

/// What a measurement waits in.
fn runtime() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the measurement: no event loop to wait in")
}
