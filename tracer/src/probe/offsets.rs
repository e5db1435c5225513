//! What the kernel half must know about this kernel's structures.

use bytemuck::Zeroable as _;
use tracer_common::{
    config::{CULPRIT_ALIAS, CULPRIT_INET, CULPRIT_PATH, CULPRIT_RECORD, CULPRIT_UNIX},
    offsets::Offsets,
};

use super::btf::Btf;

/// The bit-field that marks a sleep for storage.
const IN_IOWAIT: &str = "task_struct.in_iowait";

/// What a name in a directory must tell.
const NAMES: [&str; 3] = ["dentry.d_parent", "dentry.d_name.", "dentry.d_hash."];

/// Bytes of a thread's stack in the kernel (`THREAD_SIZE` in arch/x86/include/asm/page_64_types.h and
/// arch/arm64/include/asm/memory.h).
const STACK_BYTES: u32 = 1 << 14;

/// What a record of a slow call cannot do without.
const RECORD: [&str; 11] = [
    "task_struct.files",
    "files_struct.",
    "fdtable.",
    "file.f_mapping",
    "address_space.",
    "inode.i_ino",
    "inode.i_mode",
    "inode.i_rdev",
    "inode.i_sb",
    "super_block.",
    "pt_regs.",
];

/// The layout of a kernel, as far as it is needed.
pub struct Layout {
    /// Byte offsets, 0 where the member is missing.
    pub offsets: Offsets,
    /// Mask of `in_iowait` within its byte.
    pub in_iowait_mask: u32,
    /// Bit number of the page flag of large folios.
    pub page_head_bit: u32,
    /// Where a thread's registers at the entry to the kernel are within its stack there.
    pub registers_in_stack: u32,
    /// Members that this kernel does not have.
    missing: Vec<&'static str>,
}

impl Layout {
    /// That of the kernel whose types are `btf`.
    pub fn from_btf(btf: &Btf) -> Self {
        let mut offsets = Offsets::zeroed();
        let mut missing = Vec::new();
        let mut in_iowait_mask = 0;
        let fields: &mut [u32] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut offsets));
        for (field, &member) in fields.iter_mut().zip(Offsets::MEMBERS) {
            let mut names = member.split('|');
            let Some(place) = names.clone().find_map(|name| btf.place(name)) else {
                missing.extend(names.next());
                continue;
            };
            *field = place.bits / 8;
            if member == IN_IOWAIT {
                in_iowait_mask = 1 << (place.bits % 8);
            }
        }
        if cfg!(feature = "fault-wrong-offset") {
            offsets.task_last_queued -= 8;
        }
        let page_head_bit = btf.enumerator("PG_head").unwrap_or_else(|| {
            missing.push("PG_head");
            0
        });
        let registers_in_stack = btf.size("pt_regs").map_or(0, |size| STACK_BYTES.saturating_sub(size));
        Self { offsets, in_iowait_mask, page_head_bit, registers_in_stack, missing }
    }

    /// Which parts of a slow call's record this kernel's structures allow: a sum of `CULPRIT_…`.
    pub fn culprits(&self) -> u32 {
        let allowed = |bit, members: &[&str]| if self.lacks(members).is_none() { bit } else { 0 };
        let record = allowed(CULPRIT_RECORD, &RECORD);
        if record == 0 {
            return 0;
        }
        record
            | allowed(CULPRIT_PATH, &[&NAMES[..], &["file.f_path.", "vfsmount.", "mount."]].concat())
            | allowed(CULPRIT_ALIAS, &[&NAMES[..], &["inode.i_dentry.", "dentry.d_u."]].concat())
            | allowed(CULPRIT_INET, &["file.private_data", "file.f_inode", "socket.", "sock."])
            | allowed(
                CULPRIT_UNIX,
                &["file.private_data", "file.f_inode", "socket.", "sock.", "unix_sock.", "unix_address."],
            )
    }

    /// Why there are no such records at all, if there are none.
    pub fn lacks_culprits(&self) -> Option<String> {
        self.lacks(&RECORD).map(|member| format!("this kernel's BTF has no {member}"))
    }

    /// Whether this kernel's structures allow to count the connections behind a disk-blocked call.
    pub fn counts_behind(&self) -> bool {
        let members = [
            "task_struct.files",
            "files_struct.",
            "fdtable.",
            "file.private_data",
            "eventpoll.",
            "epitem.",
            "rb_node.",
            "socket.",
            "sock.",
        ];
        self.lacks(&members).is_none()
    }

    /// What this kernel lacks to tell ids of a pid namespace below the first one.
    pub fn lacks_ids(&self) -> Option<&'static str> {
        self.lacks(&["task_struct.thread_pid", "task_struct.group_leader", "pid.", "upid.", "pid_namespace."])
    }

    /// The first of `members` that this kernel does not have. A name that ends in a dot stands for all members
    /// that begin with it.
    pub fn lacks(&self, members: &[&str]) -> Option<&'static str> {
        self.missing.iter().copied().find(|missing| {
            members.iter().any(|wanted| missing == wanted || (wanted.ends_with('.') && missing.starts_with(wanted)))
        })
    }
}
