//! How the running kernel was configured, where it or its package tells.

use std::{collections::BTreeMap, fs, io::Read as _};

use flate2::read::GzDecoder;

/// More than any configuration has.
const MOST_BYTES: u64 = 4 << 20;

/// The configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelConfig {
    /// Where it was read.
    pub source: String,
    options: BTreeMap<String, String>,
}

impl KernelConfig {
    /// That of the kernel of this release; `None` if nobody tells.
    #[must_use]
    pub fn read(release: &str) -> Option<Self> {
        let packed = || {
            let mut text = String::new();
            let file = fs::File::open("/proc/config.gz").ok()?;
            GzDecoder::new(file).take(MOST_BYTES).read_to_string(&mut text).ok()?;
            Some(Self::parse("/proc/config.gz", &text))
        };
        let places = [format!("/boot/config-{release}"), format!("/lib/modules/{release}/config")];
        let beside = |path: &String| Some(Self::parse(path, &fs::read_to_string(path).ok()?));
        packed().or_else(|| places.iter().find_map(beside))
    }

    /// That which a file of options says.
    #[must_use]
    pub fn parse(source: &str, text: &str) -> Self {
        let set = text.lines().filter_map(|line| line.strip_prefix("CONFIG_")?.split_once('='));
        Self { source: source.into(), options: set.map(|(name, value)| (name.into(), value.into())).collect() }
    }

    /// Whether this option, named without `CONFIG_`, is set.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.options.contains_key(option)
    }

    /// The first of these options, named without `CONFIG_`, that is not set. A file without any option says nothing.
    #[must_use]
    pub fn lacks<'a>(&self, options: &[&'a str]) -> Option<&'a str> {
        (!self.options.is_empty()).then(|| options.iter().copied().find(|option| !self.has(option))).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_is_not_set_is_lacking() {
        let config = KernelConfig::parse("here", "# comment\nCONFIG_BPF=y\n# CONFIG_KPROBES is not set\nCONFIG_X=m\n");
        assert_eq!(config.lacks(&["BPF", "X"]), None);
        assert_eq!(config.lacks(&["BPF", "KPROBES"]), Some("KPROBES"));
        assert_eq!(KernelConfig::parse("here", "").lacks(&["BPF"]), None);
    }
}
