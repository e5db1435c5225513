//! What may have escaped the count.

use super::selected::Selected;
use crate::{
    escape::escape,
    model::{Probe, ProbeStatus, Recording},
    units::counted,
};

/// Stands for any number.
pub const ANY: u64 = u64::MAX;

/// What is known not to have been seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// How many at most; [`ANY`]: nobody can tell.
    pub number: u64,
    /// Why, a clause each.
    pub reasons: Vec<String>,
}

impl Unseen {
    fn add(&mut self, number: u64, reason: String) {
        if number > 0 {
            self.number = self.number.saturating_add(number);
            self.reasons.push(reason);
        }
    }

    /// The reasons as a list.
    pub fn why(&self) -> String {
        self.reasons.join(", ")
    }

    /// Calls of these that may have been made beside those that were counted.
    pub fn calls(selected: &Selected<'_>) -> Self {
        let mut unseen = Self::of_target(selected.recording);
        let losses = &selected.recording.losses;
        let uncounted = losses.calls_uncounted;
        unseen.add(uncounted, counted(uncounted, "call was not counted", "calls were not counted"));
        // A thread without room: whether all of its calls are among the uncounted ones, nobody has noted.
        let threads = losses.threads_dropped;
        unseen.add(any_if(threads > 0), counted(threads, "thread found no room", "threads found no room"));
        for probe in selected.recording.probes.iter().filter(|probe| sees(probe, selected)) {
            let name = escape(&probe.name);
            match probe.status {
                // An event that is missed hides one call.
                ProbeStatus::Attached => {
                    let missed = probe.missed.unwrap_or(0);
                    unseen.add(missed, format!("{name} missed {}", counted(missed, "event", "events")));
                }
                _ => unseen.add(ANY, format!("{name} was not observed all along")),
            }
        }
        unseen
    }

    /// Disk waits that may have been beside those that were counted.
    pub fn disk_waits(recording: &Recording) -> Self {
        let mut unseen = Self::default();
        let mut probes = recording.probes.iter().filter(|probe| probe.name == Probe::DISK_WAITS).peekable();
        if probes.peek().is_none() {
            unseen.add(ANY, "disk waits were not observed".into());
        }
        for probe in probes {
            match probe.status {
                ProbeStatus::Attached => {
                    let missed = probe.missed.unwrap_or(0);
                    unseen.add(missed, counted(missed, "disk wait may be missing", "disk waits may be missing"));
                }
                _ => unseen.add(ANY, "disk waits were not observed".into()),
            }
        }
        unseen
    }

    /// What event loops may have waited beside what was measured.
    pub fn of_event_loops(recording: &Recording) -> Self {
        let mut unseen = Self::of_target(recording);
        let waits = Self::disk_waits(recording);
        // How long one took that was not seen, nobody can tell.
        unseen.add(any_if(waits.number > 0), waits.why());
        let losses = &recording.losses;
        let threads = losses.threads_dropped;
        unseen.add(any_if(threads > 0), counted(threads, "thread found no room", "threads found no room"));
        let cut = losses.parts_clamped;
        unseen.add(any_if(cut > 0), counted(cut, "call or sleep was cut short", "calls or sleeps were cut short"));
        unseen
    }

    /// Processes that were not watched.
    fn of_target(recording: &Recording) -> Self {
        let mut unseen = Self::default();
        let processes = recording.losses.processes_dropped.unwrap_or(0);
        unseen.add(any_if(processes > 0), counted(processes, "process found no room", "processes found no room"));
        let targets = recording.probes.iter().filter(|probe| probe.name == Probe::TARGETS);
        let missed = targets.filter_map(|probe| probe.missed).fold(0, u64::saturating_add);
        unseen.add(any_if(missed > 0), "some starts of processes were missed".into());
        unseen
    }
}

fn any_if(is_so: bool) -> u64 {
    if is_so { ANY } else { 0 }
}

/// Whether calls of these are seen by this probe: it has the name of their family or system call.
fn sees(probe: &Probe, selected: &Selected<'_>) -> bool {
    let name = match probe.name.as_str() {
        "reads" => "pagecache",
        name => name,
    };
    selected.families.contains(&name) || selected.syscalls.contains(&name)
}
