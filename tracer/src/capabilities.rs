//! The parts of root's power (capabilities(7)) that tracer has a use for, and what each of them gives.

use rustix::thread::{CapabilitySet, capabilities};

/// A capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// To load eBPF programs.
    Bpf,
    /// To attach them to what the whole kernel does.
    Perfmon,
    /// To look into processes of other users.
    SysPtrace,
    /// To read directories and files of other users.
    DacReadSearch,
    /// To read where the kernel's functions are.
    Syslog,
    /// To open what a process has mapped, also what has been deleted since.
    CheckpointRestore,
    /// All of these together, and much more.
    SysAdmin,
}

impl Capability {
    /// All, those first that nothing works without.
    pub const ALL: [Self; 7] = [
        Self::Bpf,
        Self::Perfmon,
        Self::SysPtrace,
        Self::DacReadSearch,
        Self::Syslog,
        Self::CheckpointRestore,
        Self::SysAdmin,
    ];

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bpf => "CAP_BPF",
            Self::Perfmon => "CAP_PERFMON",
            Self::SysPtrace => "CAP_SYS_PTRACE",
            Self::DacReadSearch => "CAP_DAC_READ_SEARCH",
            Self::Syslog => "CAP_SYSLOG",
            Self::CheckpointRestore => "CAP_CHECKPOINT_RESTORE",
            Self::SysAdmin => "CAP_SYS_ADMIN",
        }
    }

    /// What is missing without it.
    #[must_use]
    pub const fn without(self) -> &'static str {
        match self {
            Self::Bpf => "probes cannot be loaded: nothing can be measured",
            Self::Perfmon => "probes cannot be attached: nothing can be measured",
            Self::SysPtrace => {
                "mapped files and descriptors of other users' processes are closed: names on stacks, what loops watch"
            }
            Self::DacReadSearch => "closed directories stay closed: tracefs, descriptors of other users' processes",
            Self::Syslog => "functions of the kernel have no names where kernel.kptr_restrict is 1",
            Self::CheckpointRestore => "functions of programs that were deleted or replaced have no names",
            Self::SysAdmin => "tracefs cannot be mounted where nobody has, and doctor cannot see each program run",
        }
    }

    /// Whether nothing can be measured without it.
    #[must_use]
    pub const fn is_needed(self) -> bool {
        matches!(self, Self::Bpf | Self::Perfmon)
    }

    /// As the kernel counts it.
    #[must_use]
    pub const fn set(self) -> CapabilitySet {
        match self {
            Self::Bpf => CapabilitySet::BPF,
            Self::Perfmon => CapabilitySet::PERFMON,
            Self::SysPtrace => CapabilitySet::SYS_PTRACE,
            Self::DacReadSearch => CapabilitySet::DAC_READ_SEARCH,
            Self::Syslog => CapabilitySet::SYSLOG,
            Self::CheckpointRestore => CapabilitySet::CHECKPOINT_RESTORE,
            Self::SysAdmin => CapabilitySet::SYS_ADMIN,
        }
    }

    /// Whether `held` gives what it gives.
    #[must_use]
    pub fn is_in(self, held: CapabilitySet) -> bool {
        let by_all = matches!(self, Self::Bpf | Self::Perfmon | Self::CheckpointRestore);
        held.contains(self.set()) || (by_all && held.contains(CapabilitySet::SYS_ADMIN))
    }
}

/// Those that this thread may use now. Where the kernel does not say, all: then its own refusal tells what is wrong.
#[must_use]
pub fn held() -> CapabilitySet {
    capabilities(None).map_or(CapabilitySet::all(), |sets| sets.effective)
}

/// Names of those of `wanted` that `held` does not give, for a sentence; `None`: it gives all.
#[must_use]
pub fn missing(wanted: &[Capability], held: CapabilitySet) -> Option<String> {
    let missing: Vec<_> = wanted.iter().filter(|wanted| !wanted.is_in(held)).map(|wanted| wanted.name()).collect();
    (!missing.is_empty()).then(|| missing.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_the_greatest_stands_for_others() {
        use Capability::{Bpf, Perfmon, SysPtrace};
        let wanted = [Bpf, Perfmon];
        assert_eq!(missing(&wanted, CapabilitySet::empty()).as_deref(), Some("CAP_BPF and CAP_PERFMON"));
        assert_eq!(missing(&wanted, CapabilitySet::BPF).as_deref(), Some("CAP_PERFMON"));
        assert_eq!(missing(&wanted, CapabilitySet::SYS_ADMIN), None);
        assert_eq!(missing(&[SysPtrace], CapabilitySet::SYS_ADMIN).as_deref(), Some("CAP_SYS_PTRACE"));
    }

    #[test]
    fn bits_are_those_of_the_kernels_header() {
        // include/uapi/linux/capability.h
        let bits = [39, 38, 19, 2, 34, 40, 21];
        assert_eq!(Capability::ALL.map(|capability| capability.set().bits().trailing_zeros()), bits);
    }
}
