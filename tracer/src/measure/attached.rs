//! The probes, and what is mapped of theirs: all that needs privileges.

use anyhow::Result;

use super::{
    Observer,
    patience::Patience,
    room::{Room, room_for},
};
use crate::{
    collect::{self, CulpritLog, KernelMaps, StackLog, Targets},
    options::Measurement,
    probe::{Request, Session, Sizes},
};

/// Probes that hang, behind a closed gate.
pub struct Attached {
    /// The probes.
    pub session: Session,
    /// Their maps.
    pub maps: KernelMaps,
    /// Whom they are about.
    pub targets: Targets,
    /// Where stacks come from, if they are wanted.
    pub stacks: Option<StackLog>,
}

impl Attached {
    /// Finds whom `options` name, with `patience`, and attaches.
    ///
    /// # Errors
    /// If the target does not exist or the kernel does not let it be measured.
    pub fn to(options: &Measurement, mut patience: Patience<'_>) -> Result<Self> {
        let targets = Targets::resolve(&options.target, &mut |selector, period| patience.pause(selector, period))?;
        let observer = patience.into_observer();
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
        let stacks = match options.stacks {
            Some(_) => Some(StackLog::start(session.stacks()?, sizes.cpus, &mut |text| observer.detail(text))),
            None => None,
        };
        Ok(Self { session, maps, targets, stacks })
    }
}

/// The log of slow and disk-blocked calls, where the kernel's structures allow one.
///
/// # Errors
/// If the kernel refuses.
pub fn culprits(session: &mut Session, observer: &dyn Observer) -> Result<Option<CulpritLog>> {
    Ok(session.slow_calls()?.map(|ring| CulpritLog::new(ring, observer.shows_slow_calls())))
}
