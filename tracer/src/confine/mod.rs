//! What tracer may still do once its probes hang: to read what they saw takes little, and whoever found a way into a program
//! that runs as root should find little there. What is given up is gone for good.

mod rights;
mod system_calls;

use crate::options::Measurement;

/// What a measurement has to do after its probes hang, besides reading their maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Ask JVMs for names.
    pub java_names: bool,
    /// Name the functions on stacks.
    pub stacks: bool,
    /// Write results to files of other users, or into their directories.
    pub writes_for_others: bool,
    /// Send signals to a command that runs as another user.
    pub signals_others: bool,
    /// Talk over the network: the demo's clients do.
    pub connects: bool,
    /// Attach once more, later.
    pub attaches_again: bool,
}

impl Needs {
    /// Those of a measurement.
    #[must_use]
    pub fn of(options: &Measurement) -> Self {
        Self {
            java_names: options.java_names,
            stacks: options.stacks.is_some(),
            writes_for_others: options.writes_for_others,
            signals_others: options.signals_others,
            connects: options.connects,
            attaches_again: options.attaches_again(),
        }
    }
}

/// Gives up every capability, in this thread and those that it starts. A kernel that refuses leaves things as they were.
pub fn give_up_all_rights() {
    let _ = rights::give_up_all();
}

/// Gives up all that `needs` do not name, in this thread and those that it starts; the system calls in all threads. `can_read` says
/// whether the maps can still be read: before Linux 5.19 that may take `CAP_BPF`, which is then kept.
///
/// A measurement goes on where that fails: `detail` is told.
pub fn confine(needs: &Needs, can_read: impl Fn() -> bool, detail: &mut dyn FnMut(&str)) {
    match rights::give_up(needs, can_read) {
        Ok(kept) => detail(&format!("capabilities kept: {kept}")),
        Err(error) => detail(&format!("capabilities: none given up: {error}")),
    }
    match system_calls::give_up(needs) {
        Ok(()) => detail("system calls that change the system: given up"),
        Err(error) => detail(&format!("system calls: none given up: {error:#}")),
    }
}
