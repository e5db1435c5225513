//! What observed the target and whether anything escaped it, in words.

use crate::{
    escape::escape,
    model::{Losses, Probe, ProbeStatus, Recording, culprit::OTHER},
    units::counted,
};

/// How well the target was observed.
pub struct Observation {
    /// Each probe and by which mechanism it observes.
    pub states: Vec<String>,
    /// That nothing was missed, or nothing lost; `None` where neither holds.
    pub all_well: Option<&'static str>,
    /// Each thing that is wrong: what kind of (`unseen`, `missed`, `lost`), and a sentence.
    pub warnings: Vec<(&'static str, String)>,
    /// Probes of which the kernel does not tell whether they missed something; a sentence.
    pub untold: Option<String>,
}

impl Observation {
    /// Of this recording.
    pub fn of(recording: &Recording) -> Self {
        let probes = &recording.probes;
        let mut losses = losses(&recording.losses);
        losses.extend(files_without_room(recording));
        let states = probes.iter().map(state).collect();
        let attached = || probes.iter().filter(|probe| probe.status == ProbeStatus::Attached);
        let missed: Vec<_> = attached().filter(|probe| probe.missed.is_some_and(|missed| missed > 0)).collect();
        let untold: Vec<_> =
            attached().filter(|probe| probe.missed.is_none()).map(|probe| escape(&probe.name)).collect();
        let nothing_missed = missed.is_empty() && untold.is_empty() && attached().next().is_some();
        let all_well = match (nothing_missed, losses.is_empty()) {
            (true, true) => Some("nothing missed, nothing lost"),
            (true, false) => Some("nothing missed"),
            (false, true) => Some("nothing lost"),
            (false, false) => None,
        };
        let mut warnings = Vec::new();
        for probe in probes.iter().filter(|probe| probe.status == ProbeStatus::Unavailable) {
            let reason = probe.reason.as_deref().map_or_else(|| "no reason is recorded".into(), escape);
            warnings.push(("unseen", format!("{}: {reason}", escape(&probe.name))));
        }
        for probe in missed {
            let missed = counted(probe.missed.unwrap_or(0), "event was", "events were");
            warnings.push(("missed", format!("{}: {missed} not seen", escape(&probe.name))));
        }
        warnings.extend(losses.into_iter().map(|loss| ("lost", loss)));
        let untold = (!untold.is_empty())
            .then(|| format!("{}: this kernel does not tell whether events were missed", untold.join(", ")));
        Self { states, all_well, warnings, untold }
    }

    /// The probes, and that all is well where it is.
    pub fn in_short(&self) -> Vec<String> {
        self.states.iter().cloned().chain(self.all_well.map(String::from)).collect()
    }
}

fn state(probe: &Probe) -> String {
    let state = match probe.status {
        ProbeStatus::Attached => probe.mechanism.label(),
        ProbeStatus::Unavailable => "unavailable",
        ProbeStatus::Off => "off",
    };
    format!("{}: {state}", escape(&probe.name))
}

/// A kind of loss.
pub struct Loss {
    /// Its member in the recording.
    pub key: &'static str,
    /// How often it happened; `None`: that was not looked at.
    pub number: Option<u64>,
    /// What it means, said of one …
    pub one: &'static str,
    /// … and of several.
    pub many: &'static str,
}

/// All kinds of loss.
pub fn kinds_of_loss(losses: &Losses) -> [Loss; 7] {
    let Losses {
        slow_calls_dropped,
        threads_dropped,
        processes_dropped,
        calls_uncounted,
        records_dropped,
        parts_clamped,
        stacks_dropped,
    } = *losses;
    let loss = |key, number, one, many| Loss { key, number, one, many };
    [
        loss("calls_uncounted", Some(calls_uncounted), "call was not counted", "calls were not counted"),
        loss(
            "records_dropped",
            records_dropped,
            "of these found no room for its figures: raise --max-threads",
            "of these found no room for their figures: raise --max-threads",
        ),
        loss(
            "threads_dropped",
            Some(threads_dropped),
            "thread found no room, its calls are counted nowhere: raise --max-threads",
            "threads found no room, their calls are counted nowhere: raise --max-threads",
        ),
        loss(
            "processes_dropped",
            processes_dropped,
            "process found no room and was not watched: raise --max-threads",
            "processes found no room and were not watched: raise --max-threads",
        ),
        loss(
            "slow_calls_dropped",
            Some(slow_calls_dropped),
            "slow call has no record of its own, but is counted",
            "slow calls have no record of their own, but are counted",
        ),
        loss(
            "parts_clamped",
            Some(parts_clamped),
            "call or sleep had parts longer than the whole, which were cut",
            "calls or sleeps had parts longer than the whole, which were cut",
        ),
        loss(
            "stacks_dropped",
            stacks_dropped,
            "disk wait or slow call has no stack: raise --max-stacks",
            "disk waits or slow calls have no stack: raise --max-stacks",
        ),
    ]
}

/// A sentence for each kind of loss that happened.
pub fn losses(losses: &Losses) -> Vec<String> {
    let kinds = kinds_of_loss(losses).into_iter();
    let happened = kinds.filter_map(|loss| Some((loss.number.filter(|&number| number > 0)?, loss)));
    happened.map(|(number, loss)| counted(number, loss.one, loss.many)).collect()
}

/// A sentence if files found no row of their own.
fn files_without_room(recording: &Recording) -> Option<String> {
    let files = &recording.page_cache.as_ref()?.files;
    let read = &files.iter().find(|file| file.path == OTHER)?.read;
    let calls = counted(read.calls, "call", "calls");
    let faults = counted(read.faults, "page fault", "page faults");
    Some(format!("{calls} and {faults} on files without room for a row, in {OTHER}: raise --max-files"))
}
