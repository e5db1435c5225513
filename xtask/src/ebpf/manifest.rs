//! The text beside the committed object: what it was built from, one entry a line.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

const HEADER: &str = "# What the eBPF objects beside this file were built from. Written by `cargo xtask build-ebpf`,\n\
                      # proved by `cargo xtask build-ebpf --check`. Objects and sources are given by SHA-256.\n";

/// What an entry tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// The object itself.
    Object,
    /// The version of a program that took part.
    Toolchain,
    /// Flags of a program.
    Flags,
    /// A file of ours.
    Source,
    /// A crate of others, and its locked versions.
    Dependency,
}

impl Entry {
    const ALL: [Self; 5] = [Self::Object, Self::Toolchain, Self::Flags, Self::Source, Self::Dependency];

    fn word(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Toolchain => "toolchain",
            Self::Flags => "flags",
            Self::Source => "source",
            Self::Dependency => "dependency",
        }
    }
}

/// Entries by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    entries: BTreeMap<(Entry, String), String>,
}

impl Manifest {
    /// Names are without spaces: paths of ours, crates, programs.
    pub fn set(&mut self, entry: Entry, name: &str, value: String) {
        self.entries.insert((entry, name.to_owned()), value);
    }

    pub fn get(&self, entry: Entry, name: &str) -> Option<&str> {
        self.entries.get(&(entry, name.to_owned())).map(String::as_str)
    }

    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Result<Self> {
        let mut manifest = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let mut words = line.splitn(3, ' ');
            let entry = words.next().and_then(|word| Entry::ALL.into_iter().find(|entry| entry.word() == word));
            let (entry, name, value) = entry
                .zip(words.next())
                .zip(words.next())
                .map(|((entry, name), value)| (entry, name, value))
                .with_context(|| format!("not an entry: {line:?}"))?;
            manifest.set(entry, name, value.to_owned());
        }
        Ok(manifest)
    }

    /// In words, what `new` has otherwise, among the entries that `wanted` chooses.
    pub fn differences(&self, new: &Self, wanted: impl Fn(Entry) -> bool) -> Vec<String> {
        let keys: std::collections::BTreeSet<_> = self.entries.keys().chain(new.entries.keys()).collect();
        keys.into_iter()
            .filter(|(entry, _)| wanted(*entry))
            .filter_map(|key| {
                let (entry, name) = key;
                let what = match (self.entries.get(key), new.entries.get(key)) {
                    (Some(was), Some(is)) if was == is => return None,
                    (Some(_), Some(_)) if *entry == Entry::Source => " changed".to_owned(),
                    (Some(was), Some(is)) => format!(": was {was}, is {is}"),
                    (Some(_), None) => " is gone".to_owned(),
                    (None, _) => " is new".to_owned(),
                };
                Some(format!("{} {name}{what}", entry.word()))
            })
            .collect()
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        for ((entry, name), value) in &self.entries {
            writeln!(f, "{} {name} {value}", entry.word())?;
        }
        Ok(())
    }
}

/// In hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(entries: &[(Entry, &str, &str)]) -> Manifest {
        let mut manifest = Manifest::default();
        for (entry, name, value) in entries {
            manifest.set(*entry, name, (*value).to_owned());
        }
        manifest
    }

    #[test]
    fn a_manifest_reads_back_as_it_was_written() {
        let written = manifest(&[
            (Entry::Object, "x86_64.o", "00ff (2 bytes)"),
            (Entry::Toolchain, "rustc", "1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"),
            (Entry::Source, "tracer-ebpf/src/main.rs", "abcd"),
            (Entry::Dependency, "syn", "2.0.119, 3.0.9"),
        ]);
        assert_eq!(Manifest::parse(&written.to_string()).unwrap(), written);
    }

    #[test]
    fn a_line_that_is_no_entry_is_an_error_that_quotes_it() {
        for line in ["source only-a-name", "sauce a b", "<<<<<<< HEAD"] {
            let error = Manifest::parse(line).unwrap_err().to_string();
            assert!(error.contains(line), "{error}");
        }
    }

    #[test]
    fn differences_are_told_in_words_and_only_where_wanted() {
        let old = manifest(&[
            (Entry::Source, "a.rs", "1"),
            (Entry::Source, "b.rs", "1"),
            (Entry::Toolchain, "rustc", "1.96"),
            (Entry::Dependency, "aya-ebpf", "0.2.1"),
        ]);
        let new = manifest(&[
            (Entry::Source, "a.rs", "2"),
            (Entry::Source, "c.rs", "1"),
            (Entry::Toolchain, "rustc", "1.97"),
            (Entry::Dependency, "aya-ebpf", "0.2.2"),
        ]);
        assert_eq!(
            old.differences(&new, |entry| entry != Entry::Toolchain),
            [
                "source a.rs changed",
                "source b.rs is gone",
                "source c.rs is new",
                "dependency aya-ebpf: was 0.2.1, is 0.2.2"
            ]
        );
        assert!(old.differences(&old, |_| true).is_empty());
    }

    #[test]
    fn sha256_of_abc_is_the_standards() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
