//! A small reader of the kernel's BTF: where structures keep their members.
//!
//! aya parses BTF too, but does not expose member offsets, and general parsers take 11 to 165 ms for the
//! 5 MB of a kernel; this takes 4. Format: Documentation/bpf/btf.rst.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};

/// Where the running kernel publishes its BTF.
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const MAGIC: u16 = 0xeb9f;

/// Kinds of types (`enum` in include/uapi/linux/btf.h).
mod kind {
    pub const INT: u32 = 1;
    pub const PTR: u32 = 2;
    pub const ARRAY: u32 = 3;
    pub const STRUCT: u32 = 4;
    pub const UNION: u32 = 5;
    pub const ENUM: u32 = 6;
    pub const FWD: u32 = 7;
    pub const TYPEDEF: u32 = 8;
    pub const VOLATILE: u32 = 9;
    pub const CONST: u32 = 10;
    pub const RESTRICT: u32 = 11;
    pub const FUNC: u32 = 12;
    pub const FUNC_PROTO: u32 = 13;
    pub const VAR: u32 = 14;
    pub const DATASEC: u32 = 15;
    pub const DECL_TAG: u32 = 17;
    pub const TYPE_TAG: u32 = 18;
    pub const ENUM64: u32 = 19;
}

/// How the names begin of what programs attach to by its type: typed tracepoints, iterators, and the functions of system
/// calls.
const ATTACH_POINTS: [&[u8]; 3] = [b"btf_trace_", b"bpf_iter_", SYSCALL_FUNCTIONS.as_bytes()];

/// How the names of the functions of system calls begin (arch/x86/include/asm/syscall_wrapper.h and its counterpart).
pub const SYSCALL_FUNCTIONS: &str = if cfg!(target_arch = "aarch64") { "__arm64_sys_" } else { "__x64_sys_" };

/// The kernel's types.
pub struct Btf {
    data: Vec<u8>,
    strings: usize,
    /// Where each type's record starts; the id is the index + 1.
    types: Vec<u32>,
    /// Structures by name.
    structs: HashMap<Vec<u8>, u32>,
}

/// Where a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bits from the start of the outermost structure.
    pub bits: u32,
    /// Width of a bit-field; 0 for an ordinary member.
    pub bitfield_bits: u32,
}

/// The head of a type's record.
struct Type {
    /// Offset of what follows the head.
    body: usize,
    name: u32,
    kind: u32,
    /// Number of members, values, …
    length: u32,
    /// A structure's members carry their bit-field width in the offset.
    has_bitfields: bool,
    /// Size, or the type that this one refers to.
    size_or_type: u32,
}

impl Btf {
    /// Reads the running kernel's.
    ///
    /// # Errors
    /// If the kernel has none, or not of a form that is known.
    pub fn of_running_kernel() -> Result<Self> {
        let data = std::fs::read(VMLINUX).with_context(|| {
            format!("cannot read {VMLINUX}: tracer needs a kernel built with CONFIG_DEBUG_INFO_BTF")
        })?;
        Self::parse(data).with_context(|| format!("cannot understand {VMLINUX}"))
    }

    /// Reads BTF from memory.
    ///
    /// # Errors
    /// If it is cut off or not of a form that is known.
    pub fn parse(data: Vec<u8>) -> Result<Self> {
        let word = |at: usize| read_u32(&data, at);
        ensure!(data.len() >= 24 && u16::from_ne_bytes([data[0], data[1]]) == MAGIC, "no BTF header");
        let header = word(4)? as usize;
        let (type_start, type_length) = (header + word(8)? as usize, word(12)? as usize);
        let strings = header + word(16)? as usize;
        let end = type_start + type_length;
        ensure!(end <= data.len() && strings <= data.len(), "sections reach past the end");

        let mut btf = Self { data, strings, types: Vec::with_capacity(type_length / 32), structs: HashMap::new() };
        let mut at = type_start;
        while at < end {
            let item = btf.head_at(at)?;
            btf.types.push(at as u32);
            if item.kind == kind::STRUCT && item.name != 0 && item.length > 0 {
                let id = btf.types.len() as u32;
                let name = btf.string(item.name).to_vec();
                btf.structs.entry(name).or_insert(id);
            }
            at = item.body + body_length(&item)?;
        }
        Ok(btf)
    }

    /// Where `path` (`type.member[.member…]`; `member[n]` is an element of an array) is; `None` if this kernel has no
    /// such member.
    pub fn place(&self, path: &str) -> Option<Place> {
        let mut names = path.split('.');
        let mut id = *self.structs.get(names.next()?.as_bytes())?;
        let mut place = Place { bits: 0, bitfield_bits: 0 };
        for name in names {
            let (name, index) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
                Some((name, index)) => (name, Some(index.parse::<u32>().ok()?)),
                None => (name, None),
            };
            let (member, member_type) = self.member(id, name.as_bytes())?;
            place = Place { bits: place.bits + member.bits, bitfield_bits: member.bitfield_bits };
            id = member_type;
            if let Some(index) = index {
                let (element, length, element_bytes) = self.array(id)?;
                place.bits += (index < length).then_some(index)?.checked_mul(element_bytes.checked_mul(8)?)?;
                id = element;
            }
        }
        Some(place)
    }

    /// Of array `id`: the type of its elements, how many there are, and how many bytes each takes.
    fn array(&self, id: u32) -> Option<(u32, u32, u32)> {
        let item = self.type_of(self.plain(id)?).filter(|item| item.kind == kind::ARRAY)?;
        let element = read_u32(&self.data, item.body).ok()?;
        let length = read_u32(&self.data, item.body + 8).ok()?;
        let inner = self.type_of(self.plain(element)?)?;
        matches!(inner.kind, kind::INT | kind::STRUCT).then_some((element, length, inner.size_or_type))
    }

    /// The value of an enumerator, whichever enumeration it is in.
    pub fn enumerator(&self, name: &str) -> Option<u32> {
        self.types.iter().find_map(|&at| {
            let item = self.head_at(at as usize).ok().filter(|item| item.kind == kind::ENUM)?;
            (0..item.length as usize).find_map(|index| {
                let entry = item.body + index * 8;
                (self.string(read_u32(&self.data, entry).ok()?) == name.as_bytes())
                    .then(|| read_u32(&self.data, entry + 4).ok())?
            })
        })
    }

    /// How many parameters the function has that the type `name` points to.
    pub fn parameters(&self, name: &str) -> Option<u32> {
        let item = self.types.iter().find_map(|&at| {
            let item = self.head_at(at as usize).ok().filter(|item| item.kind == kind::TYPEDEF)?;
            (self.string(item.name) == name.as_bytes()).then_some(item)
        })?;
        let pointer = self.type_of(self.plain(item.size_or_type)?).filter(|item| item.kind == kind::PTR)?;
        let function = self.type_of(pointer.size_or_type).filter(|item| item.kind == kind::FUNC_PROTO)?;
        Some(function.length)
    }

    /// Size of the structure `name`, bytes.
    pub fn size(&self, name: &str) -> Option<u32> {
        Some(self.type_of(*self.structs.get(name.as_bytes())?)?.size_or_type)
    }

    /// BTF in which what programs attach to has the id that it has here, and all else is an empty place.
    ///
    /// It is for aya, which only looks up these ids, but takes 15 ms and 20 MB to parse all of the kernel's.
    pub fn attach_points(&self) -> Vec<u8> {
        let mut types = Vec::with_capacity(self.types.len() * 12);
        let mut strings = vec![0];
        for &at in &self.types {
            let (name, kind) = self.attach_point_at(at as usize).map_or((0, kind::FWD), |(name, kind)| {
                let place = strings.len() as u32;
                strings.extend_from_slice(name);
                strings.push(0);
                (place, kind)
            });
            types.extend([name, kind << 24, 0].iter().flat_map(|word| word.to_ne_bytes()));
        }
        let mut data = MAGIC.to_ne_bytes().to_vec();
        // Version and flags, then the header's length and where the two sections are.
        data.extend([1, 0]);
        let length = types.len() as u32;
        data.extend([24, 0, length, length, strings.len() as u32].iter().flat_map(|word: &u32| word.to_ne_bytes()));
        data.extend(types);
        data.extend(strings);
        data
    }

    /// Name and kind of the type whose record starts at `at`, if programs attach to such.
    fn attach_point_at(&self, at: usize) -> Option<(&[u8], u32)> {
        let item = self.head_at(at).ok().filter(|item| matches!(item.kind, kind::TYPEDEF | kind::FUNC))?;
        let rest = self.data.get(self.strings + item.name as usize..)?;
        ATTACH_POINTS.iter().any(|prefix| rest.starts_with(prefix)).then(|| (self.string(item.name), item.kind))
    }

    /// A member of structure `id`, also inside its unnamed members, and its type.
    fn member(&self, id: u32, name: &[u8]) -> Option<(Place, u32)> {
        let item = self.type_of(self.plain(id)?)?;
        if item.kind != kind::STRUCT && item.kind != kind::UNION {
            return None;
        }
        (0..item.length as usize).find_map(|index| {
            let entry = item.body + index * 12;
            let (member_name, member_type, offset) = (
                read_u32(&self.data, entry).ok()?,
                read_u32(&self.data, entry + 4).ok()?,
                read_u32(&self.data, entry + 8).ok()?,
            );
            let place = if item.has_bitfields {
                Place { bits: offset & 0x00ff_ffff, bitfield_bits: offset >> 24 }
            } else {
                Place { bits: offset, bitfield_bits: 0 }
            };
            if member_name == 0 {
                let (inner, inner_type) = self.member(member_type, name)?;
                return Some((Place { bits: place.bits + inner.bits, ..inner }, inner_type));
            }
            (self.string(member_name) == name).then_some((place, member_type))
        })
    }

    /// Follows typedefs and qualifiers.
    fn plain(&self, mut id: u32) -> Option<u32> {
        // Bounded: broken BTF could refer in a circle.
        for _ in 0..32 {
            let item = self.type_of(id)?;
            match item.kind {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    id = item.size_or_type
                }
                _ => return Some(id),
            }
        }
        None
    }

    fn type_of(&self, id: u32) -> Option<Type> {
        self.head_at(*self.types.get(id.checked_sub(1)? as usize)? as usize).ok()
    }

    fn head_at(&self, at: usize) -> Result<Type> {
        let info = read_u32(&self.data, at + 4)?;
        Ok(Type {
            body: at + 12,
            name: read_u32(&self.data, at)?,
            kind: (info >> 24) & 0x1f,
            length: info & 0xffff,
            has_bitfields: info >> 31 != 0,
            size_or_type: read_u32(&self.data, at + 8)?,
        })
    }

    fn string(&self, offset: u32) -> &[u8] {
        let rest = self.data.get(self.strings + offset as usize..).unwrap_or_default();
        rest.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

/// Bytes that follow a type's head.
fn body_length(item: &Type) -> Result<usize> {
    let length = item.length as usize;
    Ok(match item.kind {
        kind::INT | kind::VAR | kind::DECL_TAG => 4,
        kind::ARRAY => 12,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 12 * length,
        kind::ENUM | kind::FUNC_PROTO => 8 * length,
        0..=kind::ENUM64 => 0,
        unknown => bail!("type of unknown kind {unknown}"),
    })
}

fn read_u32(data: &[u8], at: usize) -> Result<u32> {
    let bytes = data.get(at..at + 4).context("cut off")?;
    Ok(u32::from_ne_bytes(bytes.try_into().context("cut off")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// struct outer { int a; struct { const inner_t b; }; }; typedef struct inner { int c:3; int d:5; } inner_t;
    /// struct list { int a; int b[4]; }; typedef int (*call_t)(int, int);
    fn sample() -> Vec<u8> {
        let strings = b"\0int\0outer\0a\0b\0inner\0c\0d\0inner_t\0PG_head\0btf_trace_x\0list\0call_t\0";
        let at = |name: &[u8]| {
            let mut needle = name.to_vec();
            needle.push(0);
            (strings.windows(needle.len()).position(|window| window == needle).unwrap()) as u32
        };
        let info = |kind: u32, length: u32, flag: u32| flag << 31 | kind << 24 | length;
        let types: Vec<u32> = [
            vec![at(b"int"), info(kind::INT, 0, 0), 4, 32], // 1
            vec![at(b"inner"), info(kind::STRUCT, 2, 1), 4, at(b"c"), 1, 3 << 24, at(b"d"), 1, 5 << 24 | 3], // 2
            vec![at(b"inner_t"), info(kind::TYPEDEF, 0, 0), 2], // 3
            vec![0, info(kind::CONST, 0, 0), 3],            // 4
            vec![0, info(kind::STRUCT, 1, 0), 4, at(b"b"), 4, 64], // 5
            vec![at(b"outer"), info(kind::STRUCT, 2, 0), 16, at(b"a"), 1, 0, 0, 5, 32], // 6
            vec![0, info(kind::ENUM, 1, 0), 4, at(b"PG_head"), 7], // 7
            vec![at(b"btf_trace_x"), info(kind::TYPEDEF, 0, 0), 1], // 8
            vec![0, info(kind::ARRAY, 0, 0), 0, 1, 1, 4],   // 9
            vec![at(b"list"), info(kind::STRUCT, 2, 0), 20, at(b"a"), 1, 0, at(b"b"), 9, 32], // 10
            vec![0, info(kind::FUNC_PROTO, 2, 0), 1, 0, 1, 0, 1], // 11
            vec![0, info(kind::PTR, 0, 0), 11],             // 12
            vec![at(b"call_t"), info(kind::TYPEDEF, 0, 0), 12], // 13
        ]
        .concat();
        let mut data = MAGIC.to_ne_bytes().to_vec();
        data.extend([1, 0]);
        for word in [24, 0, types.len() as u32 * 4, types.len() as u32 * 4, strings.len() as u32] {
            data.extend(word.to_ne_bytes());
        }
        data.extend(types.iter().flat_map(|word| word.to_ne_bytes()));
        data.extend(strings);
        data
    }

    #[test]
    fn members_are_found_through_unnamed_members_typedefs_and_qualifiers() {
        let btf = Btf::parse(sample()).unwrap();
        assert_eq!(btf.place("outer.a"), Some(Place { bits: 0, bitfield_bits: 0 }));
        assert_eq!(btf.place("outer.b"), Some(Place { bits: 96, bitfield_bits: 0 }));
        assert_eq!(btf.place("outer.b.d"), Some(Place { bits: 99, bitfield_bits: 5 }));
        assert_eq!(btf.place("outer.x"), None);
        assert_eq!(btf.place("nothing.a"), None);
        assert_eq!(btf.enumerator("PG_head"), Some(7));
    }

    #[test]
    fn elements_sizes_and_parameters_are_found() {
        let btf = Btf::parse(sample()).unwrap();
        assert_eq!(btf.place("list.b[3]"), Some(Place { bits: 32 + 3 * 32, bitfield_bits: 0 }));
        assert_eq!([btf.place("list.b[4]"), btf.place("list.a[0]"), btf.place("list.b[x]")], [None; 3]);
        assert_eq!([btf.size("list"), btf.size("nothing")], [Some(20), None]);
        let parameters = ["call_t", "btf_trace_x", "nothing"].map(|name| btf.parameters(name));
        assert_eq!(parameters, [Some(2), None, None]);
    }

    #[test]
    fn attach_points_keep_their_ids() {
        let bytes = Btf::parse(sample()).unwrap().attach_points();
        assert!(aya::Btf::parse(&bytes, aya::Endianness::default()).is_ok());
        let sparse = Btf::parse(bytes).unwrap();
        let kept: Vec<_> = sparse.types.iter().map(|&at| sparse.attach_point_at(at as usize)).collect();
        assert_eq!(kept[7], Some((&b"btf_trace_x"[..], kind::TYPEDEF)));
        assert!(kept.iter().flatten().count() == 1 && kept.len() == 13);
    }

    #[test]
    fn broken_btf_is_an_error_and_never_a_panic() {
        let whole = sample();
        for length in 0..whole.len() {
            drop(Btf::parse(whole[..length].to_vec()).map(|btf| looked_up(&btf)));
        }
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] = 0xff;
            drop(Btf::parse(broken).map(|btf| looked_up(&btf)));
        }
    }

    fn looked_up(btf: &Btf) {
        let _ = ["outer.b.d", "list.b[3]"].map(|path| btf.place(path));
        let _ = (btf.enumerator("PG_head"), btf.attach_points(), btf.parameters("call_t"), btf.size("list"));
    }
}
