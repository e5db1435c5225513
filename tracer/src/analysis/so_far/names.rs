//! What processes are called in labels: by name, not by id, and not by ever more names.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Pid, Recording};

/// Most different names. Who comes with another one is told under [`OTHER`].
const MOST: usize = 200;

/// Stands for all names beyond those, and for processes that nobody knows the name of.
pub const OTHER: &str = "(other)";

/// The names of the processes of the open window. One that changes its name bears the old one until the next window: so its figures
/// do not move from one name to the other.
#[derive(Debug, Default)]
pub struct Names {
    of: HashMap<Pid, String>,
    known: BTreeSet<String>,
}

impl Names {
    /// Takes in the processes of the open window that it does not know yet.
    pub fn learn(&mut self, recording: &Recording) {
        for process in &recording.target.processes {
            if self.of.contains_key(&process.pid) {
                continue;
            }
            let has_room = self.known.len() < MOST || self.known.contains(&process.comm);
            let name = if has_room { process.comm.as_str() } else { OTHER };
            self.known.insert(name.to_owned());
            self.of.insert(process.pid, name.to_owned());
        }
    }

    /// The name of a process.
    pub fn of(&self, pid: Pid) -> &str {
        self.of.get(&pid).map_or(OTHER, String::as_str)
    }

    /// The window has closed: in the next one processes may have other names.
    pub fn forget(&mut self) {
        self.of.clear();
    }
}
