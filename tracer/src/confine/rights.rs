//! Capabilities, as far as reading needs none.

use rustix::{
    io,
    thread::{CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities},
};

use super::Needs;

/// Looks into processes of other users.
const LOOK: CapabilitySet = CapabilitySet::SYS_PTRACE.union(CapabilitySet::DAC_READ_SEARCH);

/// Finds out what functions are called: the kernel's, and those in files that were deleted.
const NAME_FUNCTIONS: CapabilitySet = CapabilitySet::SYSLOG.union(CapabilitySet::CHECKPOINT_RESTORE);

/// Puts a file into the directory of a JVM, wakes it, and connects to it as its own user.
const ASK_JVMS: CapabilitySet = CapabilitySet::SETUID
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::CHOWN)
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER);

/// Replaces a file, and gives it back to its owner.
const WRITE: CapabilitySet =
    CapabilitySet::DAC_OVERRIDE.union(CapabilitySet::FOWNER).union(CapabilitySet::CHOWN).union(CapabilitySet::FSETID);

/// Gives up all that `needs` do not name. Says what is left.
pub fn give_up(needs: &Needs, can_read: impl Fn() -> bool) -> io::Result<String> {
    let before = capabilities(None)?;
    let mut keep = kept(needs) & before.effective;
    // Not an error where the kernel does not know them: there are none then.
    let _ = clear_ambient_capability_set();
    let reading = CapabilitySet::BPF | CapabilitySet::SYS_ADMIN;
    set(keep, keep | (before.permitted & reading))?;
    if !can_read() {
        let all = before.effective & reading;
        keep |= if all.contains(CapabilitySet::BPF) { CapabilitySet::BPF } else { all };
    }
    set(keep, keep)?;
    Ok(names(keep))
}

/// Gives up all of them.
pub fn give_up_all() -> io::Result<()> {
    let _ = clear_ambient_capability_set();
    set(CapabilitySet::empty(), CapabilitySet::empty())
}

fn set(effective: CapabilitySet, permitted: CapabilitySet) -> io::Result<()> {
    set_capabilities(None, CapabilitySets { effective, permitted, inheritable: CapabilitySet::empty() })
}

/// Attaches probes, and mounts tracefs where nobody has.
const ATTACH: CapabilitySet =
    CapabilitySet::BPF.union(CapabilitySet::PERFMON).union(CapabilitySet::SYS_ADMIN).union(CapabilitySet::SYS_RESOURCE);

fn kept(needs: &Needs) -> CapabilitySet {
    let wanted = [
        (needs.stacks, NAME_FUNCTIONS),
        (needs.java_names, ASK_JVMS),
        (needs.writes_for_others, WRITE),
        (needs.signals_others, CapabilitySet::KILL),
        (needs.attaches_again, ATTACH),
    ];
    wanted.iter().filter(|(is_wanted, _)| *is_wanted).fold(LOOK, |all, (_, those)| all | *those)
}

fn names(set: CapabilitySet) -> String {
    let names: Vec<_> = set.iter_names().map(|(name, _)| format!("CAP_{name}")).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_follows_from_what_is_left_to_do() {
        assert_eq!(names(kept(&Needs::default())), "CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE");
        let all = Needs {
            java_names: true,
            stacks: true,
            writes_for_others: true,
            signals_others: true,
            connects: true,
            attaches_again: false,
        };
        let dangerous = CapabilitySet::SYS_ADMIN | CapabilitySet::BPF | CapabilitySet::SYS_MODULE;
        assert!(!kept(&all).intersects(dangerous));
        assert!(kept(&all).contains(CapabilitySet::KILL | CapabilitySet::SETUID | CapabilitySet::SYSLOG));
    }

    #[test]
    fn where_maps_cannot_be_read_without_it_one_capability_more_is_kept() {
        // In a thread of its own, which takes the loss with it.
        let kept_if = |can_read: bool| {
            let give_up = move || {
                let before = capabilities(None).unwrap().effective;
                give_up(&Needs::default(), || can_read).unwrap();
                (before, capabilities(None).unwrap())
            };
            std::thread::spawn(give_up).join().unwrap()
        };
        let (before, without) = kept_if(true);
        assert_eq!((without.effective, without.permitted), (before & LOOK, before & LOOK));
        let (before, with) = kept_if(false);
        assert_eq!(with.effective, before & (LOOK | CapabilitySet::BPF));
    }
}
