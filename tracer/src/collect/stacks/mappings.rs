//! What is mapped where in a process, as far as programs run there.

use std::rc::Rc;

/// A file whose code is mapped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MappedFile {
    /// Its path in the mount namespace of the process, or `[vdso]` and the like.
    pub path: String,
    /// Its inode; 0 if it is no file.
    pub inode: u64,
}

/// A range of addresses with code of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// Where in the file the first address is, bytes.
    pub offset: u64,
    /// Which file; `None`: memory of no file.
    pub file: Option<Rc<MappedFile>>,
}

/// Address spaces that a process keeps; one more each time that it executes another program.
const SPACES: usize = 4;

/// The mappings of a process: those of the program that it runs, and of those that it ran before. Children share
/// their parent's until one of them changes.
#[derive(Clone, Debug, Default)]
pub struct Mappings {
    /// The latest last; each in the order of its addresses.
    spaces: Vec<Rc<Vec<Mapping>>>,
}

impl Mappings {
    /// Starts anew: another program is executed.
    pub fn begin(&mut self) {
        if self.spaces.len() == SPACES {
            self.spaces.remove(0);
        }
        self.spaces.push(Rc::default());
    }

    /// Takes what is mapped now for the whole.
    pub fn replace(&mut self, mut mappings: Vec<Mapping>) {
        mappings.sort_by_key(|mapping| mapping.start);
        self.spaces.pop();
        self.spaces.push(Rc::new(mappings));
    }

    /// Adds a mapping, which takes the place of what was there.
    pub fn add(&mut self, mapping: Mapping) {
        if self.spaces.is_empty() {
            self.begin();
        }
        let Some(space) = self.spaces.last_mut() else { return };
        let first = space.partition_point(|other| other.end <= mapping.start);
        let after = first + space[first..].partition_point(|other| other.start < mapping.end);
        let before = space[first..after].first().filter(|other| other.start < mapping.start);
        let before = before.map(|other| Mapping { end: mapping.start, ..other.clone() });
        let behind = space[first..after].last().filter(|other| other.end > mapping.end).map(|other| Mapping {
            start: mapping.end,
            offset: other.offset + (mapping.end - other.start),
            ..other.clone()
        });
        let pieces: Vec<_> = before.into_iter().chain([mapping]).chain(behind).collect();
        if space[first..after] != pieces {
            Rc::make_mut(space).splice(first..after, pieces);
        }
    }

    /// The mapping that holds `address`, of the latest program that has one.
    pub fn at(&self, address: u64) -> Option<&Mapping> {
        self.spaces.iter().rev().find_map(|space| {
            let mapping = space.get(space.partition_point(|mapping| mapping.end <= address))?;
            (mapping.start <= address).then_some(mapping)
        })
    }

    /// All of the program that runs now.
    pub fn current(&self) -> &[Mapping] {
        self.spaces.last().map_or(&[], |space| space)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(start: u64, end: u64, path: &str) -> Mapping {
        Mapping { start, end, offset: 0, file: Some(Rc::new(MappedFile { path: path.into(), inode: 1 })) }
    }

    fn path(mappings: &Mappings, address: u64) -> Option<&str> {
        Some(&mappings.at(address)?.file.as_ref()?.path)
    }

    #[test]
    fn a_later_mapping_takes_the_place_of_an_earlier_one() {
        let mut mappings = Mappings::default();
        mappings.add(mapping(0x1000, 0x9000, "/a"));
        mappings.add(mapping(0x3000, 0x5000, "/b"));
        for _ in 0..2 {
            mappings.add(mapping(0x4000, 0x6000, "/c"));
        }
        let at = |address| path(&mappings, address);
        let paths = [0xfff, 0x1000, 0x2fff, 0x3000, 0x4000, 0x5fff, 0x6000, 0x9000].map(at);
        assert_eq!(paths.map(Option::unwrap_or_default), ["", "/a", "/a", "/b", "/c", "/c", "/a", ""]);
        assert_eq!(mappings.at(0x6000).map(|mapping| mapping.offset), Some(0x5000));
        assert_eq!(mappings.current().len(), 4);
    }

    #[test]
    fn what_ran_before_is_still_known_after_another_program_is_executed() {
        let mut mappings = Mappings::default();
        mappings.add(mapping(0x1000, 0x2000, "/shell"));
        mappings.begin();
        mappings.add(mapping(0x8000, 0x9000, "/program"));
        assert_eq!(path(&mappings, 0x1000), Some("/shell"));
        assert_eq!(path(&mappings, 0x8000), Some("/program"));
        for _ in 0..SPACES {
            mappings.begin();
        }
        assert_eq!(path(&mappings, 0x8000), None);
    }

    #[test]
    fn a_child_keeps_its_parents_mappings_when_the_parent_changes() {
        let mut parent = Mappings::default();
        parent.add(mapping(0x1000, 0x2000, "/a"));
        let child = parent.clone();
        parent.add(mapping(0x1000, 0x2000, "/b"));
        assert_eq!((path(&parent, 0x1000), path(&child, 0x1000)), (Some("/b"), Some("/a")));
    }
}
