//! Window after window by the same probes, for as long as the observer wants: what `tracer serve` runs on.
//!
//! Between two windows the gate is closed for a few milliseconds, in which the kernel half's maps are read and emptied. Nobody sees
//! what is called then: how long that was is told.

use std::{collections::HashMap, time::Duration};

use anyhow::Result;
use tracer_common::{records::SleepingTask, targets::TargetCounts};

use super::{
    Observer,
    attached::{self, Attached},
    attention::{Attention, Ended},
    cutter::Cutter,
    found,
    logs::Logs,
    patience::Patience,
    runtime,
    scene::{Asked, Scene},
    window::{OpenWindow, WindowData, settle},
};
use crate::{
    collect::{self, CulpritLog, Held, ThreadNow},
    confine::{Needs, confine},
    model::Probe,
    options::Measurement,
    probe::Session,
};

/// Measures in windows of the duration that `options` ask for, until the observer stops it. Each that has closed is handed over.
///
/// # Errors
/// If the target cannot be found, or the kernel does not let it be measured.
pub fn measure_in_rounds(options: &Measurement, observer: &mut dyn Observer) -> Result<()> {
    let runtime = runtime()?;
    let mut seam = None;
    loop {
        let Attached { mut session, maps, targets, .. } = Attached::to(options, Patience::new(None, observer))?;
        if seam.is_none() {
            confine(&Needs::of(options), || session.can_be_read(), &mut |text| observer.detail(text));
        }
        let mut patience = Patience::new(None, observer);
        let processes = found::find_targets(options, &targets, &mut session, &maps, &mut patience)?;
        let ended = runtime.block_on(async {
            let mut attention = Attention::to_rounds(options, &targets, &mut session)?;
            let culprits = attached::culprits(&mut session, observer)?;
            let scene = Scene { options, maps: &maps, host: collect::host() };
            let logs = Logs::new(options, processes, culprits);
            let mut rounds = Rounds { scene: &scene, session: &mut session, logs, told: Told::default(), seam };
            let ended = rounds.run(&mut attention, observer).await;
            seam = rounds.seam;
            ended
        })?;
        // The kernel waits for grace periods, probe by probe; behind a closed gate nobody else needs to.
        std::thread::spawn(move || drop(session));
        if ended == Ended::Early {
            return Ok(());
        }
        observer.detail("the target has become another cgroup of the same name: attaching anew");
    }
}

/// Windows by one set of probes.
struct Rounds<'a> {
    scene: &'a Scene<'a>,
    session: &'a mut Session,
    logs: Logs,
    told: Told,
    /// When the gate was closed, CLOCK_MONOTONIC, ns; `None`: it has not been open yet.
    seam: Option<u64>,
}

/// What counts on from window to window, as it stood when the last one opened.
#[derive(Default)]
struct Told {
    targets: TargetCounts,
    missed: Vec<Option<u64>>,
}

/// A window that has closed: what the maps held, and who was asleep.
struct Closed {
    window: WindowData,
    held: Held,
    probes: Vec<Probe>,
    asleep: Option<Vec<SleepingTask>>,
    culprits: Option<CulpritLog>,
}

impl Rounds<'_> {
    async fn run(&mut self, attention: &mut Attention<'_>, observer: &mut dyn Observer) -> Result<Ended> {
        let asleep = self.session.sleeping_tasks();
        let mut open = OpenWindow::new(self.scene, &self.logs, asleep);
        loop {
            let unseen_ns = self.seam.map_or(0, |closed_ns| open.data.opened_ns.saturating_sub(closed_ns));
            observer.unobserved(Duration::from_nanos(unseen_ns));
            observer.started(&open.data.target, open.data.start, self.scene.options.duration);
            let mut reported = Cutter::new(open.data.opened_ns, self.scene.maps);
            let logs = &mut self.logs;
            let ended = open.wait(self.scene, self.session, logs, attention, &mut reported, observer).await?;
            let closed = self.close(open).await?;
            // Before sense is made of what was: that may take a while.
            let next = (ended == Ended::Time).then(|| OpenWindow::new(self.scene, &self.logs, closed.asleep.clone()));
            self.hand_over(closed, observer)?;
            match next {
                Some(next) => open = next,
                None => return Ok(ended),
            }
        }
    }

    /// Closes the gate, reads the maps and empties them.
    async fn close(&mut self, open: OpenWindow<'_>) -> Result<Closed> {
        let (maps, logs) = (self.scene.maps, &mut self.logs);
        // What takes files of /proc comes before: nobody sees what is called while the gate is closed.
        logs.look(maps);
        logs.processes.drain();
        logs.processes.add_slots(maps);
        logs.culprits.iter_mut().for_each(CulpritLog::drain);
        let names: HashMap<_, _> = maps.keys().map(|key| (key, collect::thread_now(&key))).collect();
        let OpenWindow { data: mut window, mut recorded, .. } = open;
        window.closed_ns = maps.close_window();
        self.seam = Some(window.closed_ns);
        settle().await;
        window.intervals.push(recorded.cut(window.closed_ns));
        let unknown = || ThreadNow { comm: None, has_ended: false };
        let held = maps.held(&mut |key| names.get(key).cloned().unwrap_or_else(unknown));
        let probes = self.session.probes();
        let culprits = logs.culprits.as_mut().and_then(CulpritLog::hand_over);
        maps.restart();
        self.session.forget_claims()?;
        // Last: those who sleep now are in the maps of the next window.
        let asleep = self.session.sleeping_tasks();
        Ok(Closed { window, held, probes, asleep, culprits })
    }

    /// Makes sense of a window that has closed.
    fn hand_over(&mut self, closed: Closed, observer: &mut dyn Observer) -> Result<()> {
        let (scene, maps) = (self.scene, self.scene.maps);
        let Closed { window, mut held, probes, asleep, culprits } = closed;
        if self.session.lists_targets() {
            self.logs.processes.extend(&self.session.targets(|| maps.target_counts())?);
        }
        self.logs.processes.refresh();
        let next = Logs::new(scene.options, self.logs.processes.hand_over(), culprits);
        let mut logs = std::mem::replace(&mut self.logs, next);
        let missed = probes.iter().map(|probe| probe.missed).collect();
        let asked = Asked::of(asleep, self.told.probes(probes), self.session, maps, &mut logs);
        let targets = held.targets;
        held.targets = self.told.targets(targets);
        self.told = Told { targets, missed };
        observer.closed(scene.snapshot(window, asked, held, &mut logs));
        Ok(())
    }
}

impl Told {
    /// How targets came and went since.
    fn targets(&self, now: TargetCounts) -> TargetCounts {
        TargetCounts {
            joined: now.joined.saturating_sub(self.targets.joined),
            left: now.left.saturating_sub(self.targets.left),
            no_room: now.no_room.saturating_sub(self.targets.no_room),
            unrecorded: now.unrecorded.saturating_sub(self.targets.unrecorded),
        }
    }

    /// The probes with what they missed since.
    fn probes(&self, mut probes: Vec<Probe>) -> Vec<Probe> {
        let before = self.missed.iter().copied().chain(std::iter::repeat(Some(0)));
        for (probe, before) in probes.iter_mut().zip(before) {
            probe.missed = probe.missed.zip(before).map(|(now, before)| now.saturating_sub(before));
        }
        probes
    }
}
