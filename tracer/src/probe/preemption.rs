//! Whether the kernel may take the CPU away in the midst of its own code. A program in a trampoline is such code, while
//! tracepoints and breakpoints keep their CPU: so what is kept once per CPU is safe from other programs there alone
//! (kernel/bpf/trampoline.c, `__bpf_prog_enter`: `migrate_disable`; kernel/trace/bpf_trace.c, `trace_call_bpf`: `cant_sleep`).

use std::fs;

use rustix::system::uname;

use super::kernel_config::KernelConfig;

/// Where the kernel takes the CPU from its own code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preemption {
    /// Where that code offers it (`preempt=none`, `preempt=voluntary`).
    Offered,
    /// Anywhere (`preempt=full`, `preempt=lazy`, real time).
    Anywhere,
}

impl Preemption {
    /// That of the running kernel; `None`: it does not say.
    #[must_use]
    pub fn of_running_kernel() -> Option<Self> {
        let uname = uname();
        let now = fs::read_to_string("/sys/kernel/debug/sched/preempt").ok();
        let command_line = fs::read_to_string("/proc/cmdline").unwrap_or_default();
        let config = || KernelConfig::read(&uname.release().to_string_lossy());
        Self::find(now.as_deref(), &uname.version().to_string_lossy(), &command_line, config)
    }

    /// From what debugfs says, from uname(2)'s version, from how the kernel was started, and from how it was built.
    fn find(
        now: Option<&str>,
        version: &str,
        command_line: &str,
        config: impl FnOnce() -> Option<KernelConfig>,
    ) -> Option<Self> {
        // Such as `none voluntary (full)`.
        let bracketed = |text: &str| Some(text.split_once('(')?.1.split_once(')')?.0.to_owned());
        if let Some(mode) = now.and_then(bracketed) {
            return Self::named(&mode);
        }
        let words: Vec<_> = version.split_whitespace().collect();
        if words.contains(&"PREEMPT_DYNAMIC") {
            // The last one counts.
            let asked_for =
                command_line.split_whitespace().filter_map(|word| word.strip_prefix("preempt=")).next_back();
            return asked_for.and_then(Self::named).or_else(|| Self::built_in(&config()?));
        }
        let is_preemptible = words.iter().any(|word| word.starts_with("PREEMPT"));
        Some(if is_preemptible { Self::Anywhere } else { Self::Offered })
    }

    fn named(mode: &str) -> Option<Self> {
        match mode {
            "none" | "voluntary" => Some(Self::Offered),
            "full" | "lazy" => Some(Self::Anywhere),
            _ => None,
        }
    }

    fn built_in(config: &KernelConfig) -> Option<Self> {
        let is_set = |option: &&str| config.has(option);
        let is_offered = ["PREEMPT_NONE", "PREEMPT_VOLUNTARY"].iter().any(is_set);
        let is_anywhere = ["PREEMPT", "PREEMPT_LAZY", "PREEMPT_RT"].iter().any(is_set);
        match (is_offered, is_anywhere) {
            (_, true) => Some(Self::Anywhere),
            (true, false) => Some(Self::Offered),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DYNAMIC: &str = "#1 SMP PREEMPT_DYNAMIC Debian 6.12.107-1 (2026-08-29)";

    fn built(option: &str) -> impl FnOnce() -> Option<KernelConfig> {
        move || Some(KernelConfig::parse("here", &format!("CONFIG_SMP=y\nCONFIG_{option}=y\nCONFIG_PREEMPTION=y\n")))
    }

    #[test]
    fn a_kernel_that_cannot_change_says_it_in_its_version() {
        let of = |version| Preemption::find(None, version, "", || None);
        assert_eq!(of("#1 SMP Debian 6.1.170-1 (2026-07-02)"), Some(Preemption::Offered));
        assert_eq!(of("#1 SMP PREEMPT Tue Feb 3"), Some(Preemption::Anywhere));
        assert_eq!(of("#1 SMP PREEMPT_RT Debian 6.12"), Some(Preemption::Anywhere));
    }

    #[test]
    fn one_that_can_is_as_it_was_started_or_else_as_it_was_built() {
        let of = |command_line, config: &str| Preemption::find(None, DYNAMIC, command_line, built(config));
        assert_eq!(of("quiet", "PREEMPT_VOLUNTARY"), Some(Preemption::Offered));
        assert_eq!(of("quiet", "PREEMPT"), Some(Preemption::Anywhere));
        assert_eq!(of("quiet", "PREEMPT_LAZY"), Some(Preemption::Anywhere));
        assert_eq!(of("quiet", "HZ"), None);
        assert_eq!(of("preempt=full ro", "PREEMPT_VOLUNTARY"), Some(Preemption::Anywhere));
        assert_eq!(of("preempt=full preempt=none", "PREEMPT"), Some(Preemption::Offered));
        assert_eq!(Preemption::find(None, DYNAMIC, "ro", || None), None);
    }

    #[test]
    fn what_holds_now_comes_before_all_else() {
        let now = Some("none voluntary (full) lazy\n");
        assert_eq!(Preemption::find(now, DYNAMIC, "preempt=none", built("PREEMPT_NONE")), Some(Preemption::Anywhere));
    }
}
