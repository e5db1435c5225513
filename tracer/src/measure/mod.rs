//! One measurement from start to end: attach, open the window, wait, close it, collect, analyse.

mod cutter;
mod early;
mod found;
mod java;
mod logs;
mod observer;
mod patience;
mod room;
mod scene;
mod ticks;
mod warnings;
mod window;

use std::time::Instant;

use anyhow::{Context as _, Result};

pub use self::observer::Observer;
use self::{
    logs::Logs,
    patience::Patience,
    room::{Room, room_for},
    scene::{Asked, Scene},
};
use crate::{
    analysis,
    child::Child,
    collect::{self, CulpritLog, KernelMaps, Sight, StackLog, Targets, ThreadLog, WatchLog},
    confine::{Needs, confine},
    model::Recording,
    options::Measurement,
    probe::{Request, Session, Sizes},
};

/// Measures. A `child` is let go when the window opens, and its end closes it.
///
/// # Errors
/// If the target does not exist or the kernel does not let it be measured.
pub fn measure(options: &Measurement, mut child: Option<&mut Child>, observer: &mut dyn Observer) -> Result<Recording> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the measurement: no event loop to wait in")?;
    let mut patience = Patience::new(child.as_deref_mut(), observer);
    let targets = Targets::resolve(&options.target, &mut |selector, period| patience.pause(selector, period))?;
    let Room { slots, turn_records } = room_for(options, &targets);
    let syscalls = options.syscalls();
    let sizes = Sizes {
        slots,
        turns: turn_records,
        rows: syscalls.len() as u32,
        files: options.looks_at_files().then(|| options.max_files.next_power_of_two().max(2)),
        stacks: options.stacks,
        cpus: collect::possible_cpus(),
        targets: if targets.filter.is_listed() { slots } else { 0 },
        glob_tables: targets.filter.glob_tables(),
    };
    let request = Request {
        syscalls: &syscalls,
        sizes: &sizes,
        targets: &targets.filter,
        threshold_ns: options.threshold_ns,
        turns: options.turns,
        mechanism: options.mechanism,
        guarded: options.guarded,
        warnings: options.verbose,
    };
    let mut session = Session::start(&request, &mut |text| observer.detail(text))?;
    observer.detail(&format!("room for {slots} threads"));
    let maps = KernelMaps::of(&session, &sizes, syscalls)?;
    let mut stacks = match options.stacks {
        Some(_) => Some(StackLog::start(session.stacks()?, sizes.cpus, &mut |text| observer.detail(text))),
        None => None,
    };
    confine(&Needs::of(options), || session.can_be_read(), &mut |text| observer.detail(text));
    let mut patience = Patience::new(child.as_deref_mut(), observer);
    let processes = found::find_targets(options, &targets, &mut session, &maps, &mut patience)?;
    if let Some(stacks) = &mut stacks {
        // What a command has mapped before its exec is not the command's.
        stacks.look(processes.first().filter(|_| options.command.is_none()));
    }
    let mut sight = Sight::new(options.stacks.is_some(), options.looks_at_files());
    sight.look(processes.first());
    let mut logs = Logs {
        sight,
        culprits: session.slow_calls()?.map(|ring| CulpritLog::new(ring, observer.shows_slow_calls())),
        watched: WatchLog::default(),
        stacks,
        processes,
        threads: ThreadLog::default(),
        java: None,
    };
    // Before the window opens: it stops the target for a moment.
    logs.java = options.java_names.then(|| {
        let asked = Instant::now();
        let names = java::ask(&targets, &logs.processes, observer);
        observer.detail(&format!("asked for names of Java threads: {} ms", asked.elapsed().as_millis()));
        names
    });
    let scene = Scene { options, maps: &maps, host: collect::host() };
    let window = window::watch(&scene, &mut session, &mut logs, targets, child.as_deref_mut(), observer);
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
    let threads = maps.threads(&mut collect::thread_now);
    let mut snapshot = scene.snapshot(window, asked, threads, &mut logs);
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
