//! What the kernel keeps even from root (kernel_lockdown(7)), by its own word. Where it does not say, nothing is assumed.

use std::fs;

/// The mode of lockdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockdown {
    /// Nothing is kept from anybody.
    None,
    /// The running kernel cannot be changed.
    Integrity,
    /// Nor can its memory be read.
    Confidentiality,
}

impl Lockdown {
    /// The one that holds now; `None`: the kernel does not say, as where securityfs is not mounted.
    #[must_use]
    pub fn of_running_kernel() -> Option<Self> {
        fs::read_to_string("/sys/kernel/security/lockdown").ok().and_then(|text| Self::parse(&text))
    }

    /// Such as `none [integrity] confidentiality`.
    fn parse(text: &str) -> Option<Self> {
        let chosen = text.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
        match chosen? {
            "none" => Some(Self::None),
            "integrity" => Some(Self::Integrity),
            "confidentiality" => Some(Self::Confidentiality),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_in_brackets_is_the_one_that_holds() {
        assert_eq!(Lockdown::parse("[none] integrity confidentiality\n"), Some(Lockdown::None));
        assert_eq!(Lockdown::parse("none [integrity] confidentiality\n"), Some(Lockdown::Integrity));
        assert_eq!(Lockdown::parse("none integrity [confidentiality]\n"), Some(Lockdown::Confidentiality));
        assert_eq!(Lockdown::parse("none integrity"), None);
    }
}
