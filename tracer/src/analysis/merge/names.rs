//! What threads are called, and what part they play, as far as some run could tell.

use std::collections::BTreeMap;

use super::{
    rows::{ThreadKey, thread_key},
    walk,
};
use crate::model::{Recording, Role, ThreadRef};

/// What a thread is called. A name that somebody gave it outweighs the kernel's.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Called {
    is_named: bool,
    name: String,
    comm: String,
}

/// The most telling name and part of each thread: the part of an event loop outweighs that of a poller, and that one a
/// worker's.
#[derive(Default)]
struct Names(BTreeMap<ThreadKey, (Called, Role)>);

impl Names {
    fn add(&mut self, thread: &ThreadRef) {
        let ThreadRef { name, comm, role, .. } = thread;
        let said = Called { is_named: name != comm, name: name.clone(), comm: comm.clone() };
        match self.0.get_mut(&thread_key(thread)) {
            Some((best, part)) => {
                *part = (*part).min(*role);
                if *best < said {
                    *best = said;
                }
            }
            None => drop(self.0.insert(thread_key(thread), (said, *role))),
        }
    }
}

/// What all recordings together know.
pub struct Known {
    everywhere: Names,
    /// Of the lists that a merged recording has only if all have them. They have no say about the others: what a thread is
    /// called would depend on which recordings were merged first.
    elsewhere: Names,
}

impl Known {
    pub fn of(recordings: &mut [Recording]) -> Self {
        let (mut everywhere, mut elsewhere) = (Names::default(), Names::default());
        for recording in recordings {
            walk::threads_of_all_runs(recording, &mut |thread| everywhere.add(thread));
            walk::threads_of_some_runs(recording, &mut |thread| elsewhere.add(thread));
        }
        Self { everywhere, elsewhere }
    }

    /// Gives each thread the same name and part wherever the recording names it.
    pub fn tell(&self, recording: &mut Recording) {
        walk::threads(recording, &mut |thread| {
            let key = thread_key(thread);
            if let Some((best, part)) = self.everywhere.0.get(&key).or_else(|| self.elsewhere.0.get(&key)) {
                (thread.name, thread.comm, thread.role) = (best.name.clone(), best.comm.clone(), *part);
            }
        });
    }
}
