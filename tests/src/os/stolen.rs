//! Time that the machine takes from its threads: interrupts, and the host that gives the CPU to somebody else.

use std::fs;

/// Time that no thread was charged for although it seemed to run, ns, all CPUs together since the boot: interrupts and
/// the host's share (`irq`, `softirq` and `steal` in proc(5), `/proc/stat`). Counted in ticks, so up to one of them is
/// missing for each CPU.
///
/// # Panics
/// If the kernel does not say.
#[must_use]
pub fn stolen_ns() -> u64 {
    let text = fs::read_to_string("/proc/stat").expect("reading /proc/stat");
    stolen_in(&text).unwrap_or_else(|| panic!("no times in /proc/stat: {text}"))
}

/// What counting in ticks may leave out, ns.
#[must_use]
pub fn granularity_ns() -> u64 {
    TICK_NS * std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64)
}

/// `USER_HZ` (`include/asm-generic/param.h`).
const TICK_NS: u64 = 1_000_000_000 / 100;

fn stolen_in(text: &str) -> Option<u64> {
    let all = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = all.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    Some(ticks.get(5..=7)?.iter().sum::<u64>() * TICK_NS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupts_and_the_hosts_share_are_stolen() {
        let text = "cpu  153085 108346 43819 290813 2223 1 529 3747 0 0\ncpu0 1 2 3\n";
        assert_eq!(stolen_in(text), Some(4277 * TICK_NS));
        assert_eq!(stolen_in("cpu  1 2\n"), None);
    }
}
