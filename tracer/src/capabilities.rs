//! Which capability gives which feature (capabilities(7)).

/// A capability that tracer makes use of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// `CAP_DAC_READ_SEARCH`
    DacReadSearch,
    /// `CAP_SYS_PTRACE`
    SysPtrace,
    /// `CAP_SYS_ADMIN`
    SysAdmin,
    /// `CAP_SYSLOG`
    Syslog,
    /// `CAP_PERFMON`
    Perfmon,
    /// `CAP_BPF`
    Bpf,
}

impl Capability {
    /// All of them, what nothing works without first.
    pub const ALL: [Self; 6] =
        [Self::Bpf, Self::Perfmon, Self::SysPtrace, Self::DacReadSearch, Self::Syslog, Self::SysAdmin];

    /// Its bit in a set (include/uapi/linux/capability.h).
    #[must_use]
    pub const fn bit(self) -> u32 {
        match self {
            Self::DacReadSearch => 2,
            Self::SysPtrace => 19,
            Self::SysAdmin => 21,
            Self::Syslog => 34,
            Self::Perfmon => 38,
            Self::Bpf => 39,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DacReadSearch => "CAP_DAC_READ_SEARCH",
            Self::SysPtrace => "CAP_SYS_PTRACE",
            Self::SysAdmin => "CAP_SYS_ADMIN",
            Self::Syslog => "CAP_SYSLOG",
            Self::Perfmon => "CAP_PERFMON",
            Self::Bpf => "CAP_BPF",
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
            Self::SysAdmin => "tracefs cannot be mounted where nobody has, and doctor cannot see each program run",
        }
    }

    /// Whether nothing can be measured without it.
    #[must_use]
    pub const fn is_needed(self) -> bool {
        matches!(self, Self::Bpf | Self::Perfmon)
    }

    /// Whether a set has it, or has what includes it (`bpf_capable` and `perfmon_capable` in include/linux/capability.h).
    #[must_use]
    pub const fn is_in(self, set: u64) -> bool {
        let includes = if matches!(self, Self::Bpf | Self::Perfmon | Self::Syslog) { Self::SysAdmin } else { self };
        set & (1 << self.bit() | 1 << includes.bit()) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_to_administer_includes_the_rights_to_load_and_to_attach() {
        let set = 1 << Capability::SysAdmin.bit();
        let has: Vec<_> = Capability::ALL.into_iter().filter(|capability| capability.is_in(set)).collect();
        assert_eq!(has, [Capability::Bpf, Capability::Perfmon, Capability::Syslog, Capability::SysAdmin]);
        assert!(Capability::ALL.iter().all(|capability| !capability.is_in(0)));
    }
}
