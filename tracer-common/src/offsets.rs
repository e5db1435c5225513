//! Where the kernel's structures keep the members that tracer reads, taken from the running kernel's BTF.

use bytemuck::{Pod, Zeroable};

/// Declares [`Offsets`] and the table that says which member each field stands for.
macro_rules! offsets {
    ($($(#[$doc:meta])* $field:ident = $path:literal,)+) => {
        /// Byte offsets of the members that the kernel half reads. Lives in `.rodata` under the name
        /// `OFFSETS`, so that the verifier sees each offset as a constant and proves each load.
        #[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
        #[repr(C)]
        pub struct Offsets {
            $($(#[$doc])* pub $field: u32,)+
        }

        impl Offsets {
            /// The members, in the order of the fields, as `type.member[.member…]`, `member[n]` for an element; behind a bar what
            /// older kernels, or those of arm64, have in its place.
            pub const MEMBERS: &[&str] = &[$($path),+];

            /// All 0: what the object holds until user space fills it in.
            pub const ZERO: Self = Self { $($field: 0),+ };
        }
    };
}

offsets! {
    /// Thread id in the initial pid namespace.
    task_pid = "task_struct.pid",
    /// Process id in the initial pid namespace.
    task_tgid = "task_struct.tgid",
    /// Number of the system call that the task is in; −1 in a fault or an interrupt.
    regs_syscall = "pt_regs.orig_ax|pt_regs.syscallno",
    /// First argument of the system call.
    regs_first = "pt_regs.di|pt_regs.orig_x0",
    /// Second argument.
    regs_second = "pt_regs.si|pt_regs.regs[1]",
    /// Third argument.
    regs_third = "pt_regs.dx|pt_regs.regs[2]",
    /// 16 bytes, NUL-terminated.
    task_comm = "task_struct.comm",
    /// CLOCK_BOOTTIME at the thread's start, ns: with the tid the identity of a thread.
    task_start_boottime = "task_struct.start_boottime",
    /// Sleep state; 0 is runnable.
    task_state = "task_struct.__state|task_struct.state",
    /// Sum of the run-queue delays, ns.
    task_run_delay = "task_struct.sched_info.run_delay",
    /// Run-queue clock when the task was last queued; 0 while it runs.
    task_last_queued = "task_struct.sched_info.last_queued",
    /// Run-queue clock when the task was last given a CPU.
    task_last_arrival = "task_struct.sched_info.last_arrival",
    /// The task's run queue, reached through its CFS run queue.
    task_cfs_rq = "task_struct.se.cfs_rq",
    /// Page faults that had to wait, as far as they are over.
    task_maj_flt = "task_struct.maj_flt",
    /// The others.
    task_min_flt = "task_struct.min_flt",
    /// Its stack in the kernel.
    task_stack = "task_struct.stack",
    /// Open files.
    task_files = "task_struct.files",
    /// `PF_…` flags.
    task_flags = "task_struct.flags",
    /// First thread of the process.
    task_group_leader = "task_struct.group_leader",
    /// Who forked the process, or took it over.
    task_real_parent = "task_struct.real_parent",
    /// What the threads of a process share about signals.
    task_signal = "task_struct.signal",
    /// Threads of a process that have not ended.
    signal_live = "signal_struct.live.counter",
    /// Threads of a process.
    signal_threads = "signal_struct.nr_threads",
    /// The task's cgroups, all hierarchies.
    task_cgroups = "task_struct.cgroups",
    /// The cgroup in the v2 hierarchy.
    css_set_v2 = "css_set.dfl_cgrp",
    /// The states of the controllers, which lead to the cgroups of v1 hierarchies.
    css_set_subsystems = "css_set.subsys",
    /// The cgroup of a controller's state.
    css_cgroup = "cgroup_subsys_state.cgroup",
    /// The state of the cgroup above; null at the root.
    cgroup_parent = "cgroup.self.parent",
    /// The directory of a cgroup.
    cgroup_directory = "cgroup.kn",
    /// Its id, which is its inode.
    directory_id = "kernfs_node.id",
    /// The CPU's run queue.
    cfs_rq_rq = "cfs_rq.rq",
    /// Run-queue clock, ns, updated at the start of each context switch.
    rq_clock = "rq.clock",
    /// Current descriptor table.
    files_fdt = "files_struct.fdt",
    /// Number of entries in the table.
    fdt_max_fds = "fdtable.max_fds",
    /// The table itself: `struct file **`.
    fdt_fd = "fdtable.fd",
    /// Page cache of an open file.
    file_mapping = "file.f_mapping",
    /// File position, bytes.
    file_pos = "file.f_pos",
    /// Flags that it was opened with.
    file_flags = "file.f_flags",
    /// What it may be used for.
    file_mode = "file.f_mode",
    /// Inode of an open file.
    file_inode = "file.f_inode",
    /// What the file's kind needs: a socket's `struct socket`.
    file_private = "file.private_data",
    /// Where an open file is: the mount.
    file_mount = "file.f_path.mnt",
    /// … and the name in it.
    file_dentry = "file.f_path.dentry",
    /// Directory of a name.
    dentry_parent = "dentry.d_parent",
    /// The name itself.
    dentry_name = "dentry.d_name.name",
    /// Link into the table of names; null once the name is gone.
    dentry_hashed = "dentry.d_hash.pprev",
    /// Link into the list of an inode's names.
    dentry_alias = "dentry.d_u.d_alias",
    /// Root of a mount.
    vfsmount_root = "vfsmount.mnt_root",
    /// What programs see of a mount, inside of it.
    mount_vfsmount = "mount.mnt",
    /// What a mount lies on: the mount.
    mount_parent = "mount.mnt_parent",
    /// … and the directory.
    mount_point = "mount.mnt_mountpoint",
    /// Inode that owns a page cache.
    mapping_host = "address_space.host",
    /// Inode number.
    inode_ino = "inode.i_ino",
    /// Type and permissions.
    inode_mode = "inode.i_mode",
    /// The names that it goes by: the first one's link.
    inode_aliases = "inode.i_dentry.first",
    /// Device that a device file stands for, in the kernel's encoding.
    inode_rdev = "inode.i_rdev",
    /// File system of an inode.
    inode_sb = "inode.i_sb",
    /// Device number of a file system, in the kernel's encoding.
    sb_dev = "super_block.s_dev",
    /// Page cache that a folio belongs to. Before 5.16 it was a page.
    folio_mapping = "folio.mapping|page.mapping",
    /// First page of a folio within its file, in pages.
    folio_index = "folio.index|page.index",
    /// Page flags of a folio's first page.
    folio_flags = "folio.flags|page.flags",
    /// A byte: log2 of a large folio's pages.
    folio_order = "folio._folio_order|folio._flags_1",
    /// The same in the classic tracepoint's event, where that tells it.
    event_order = "trace_event_raw_mm_filemap_op_page_cache.order",
    /// Itself: the open file of an epoll instance.
    eventpoll_file = "eventpoll.file",
    /// Root of the tree of what an epoll instance watches.
    eventpoll_root = "eventpoll.rbr.rb_root.rb_node",
    /// A watched file's place in the tree.
    epitem_node = "epitem.rbn",
    /// Next on the list of what is ready; itself where it is on none.
    epitem_ready = "epitem.rdllink.next",
    /// The watched file.
    epitem_file = "epitem.ffd.file",
    /// Its descriptor.
    epitem_fd = "epitem.ffd.fd",
    /// The events that are waited for.
    epitem_events = "epitem.event.events",
    /// Child of a tree's node.
    node_left = "rb_node.rb_left",
    /// The other child.
    node_right = "rb_node.rb_right",
    /// The open file of a socket.
    socket_file = "socket.file",
    /// A socket's protocol half.
    socket_sk = "socket.sk",
    /// Address family.
    sock_family = "sock.__sk_common.skc_family",
    /// State of a connection.
    sock_state = "sock.__sk_common.skc_state",
    /// Packets that wait to be read.
    sock_unread = "sock.sk_receive_queue.qlen",
    /// Connections that wait to be accepted.
    sock_backlog = "sock.sk_ack_backlog",
    /// Peer's IPv4 address.
    sock_daddr = "sock.__sk_common.skc_daddr",
    /// Peer's port, in network order.
    sock_dport = "sock.__sk_common.skc_dport",
    /// Peer's IPv6 address.
    sock_v6_daddr = "sock.__sk_common.skc_v6_daddr",
    /// Other end of a unix socket.
    unix_peer = "unix_sock.peer",
    /// Name of a unix socket; null without one.
    unix_addr = "unix_sock.addr",
    /// Length of the name, with the family.
    unix_addr_len = "unix_address.len",
    /// The name as a `sockaddr_un`.
    unix_addr_name = "unix_address.name",
    /// Fourth argument.
    regs_fourth = "pt_regs.r10|pt_regs.regs[3]",
    /// Fifth argument.
    regs_fifth = "pt_regs.r8|pt_regs.regs[4]",
    /// A thread's ids.
    task_thread_pid = "task_struct.thread_pid",
    /// How many pid namespaces are above the innermost one that an id is from.
    pid_level = "pid.level",
    /// The ids, by level.
    pid_numbers = "pid.numbers",
    /// An id in one namespace.
    upid_number = "upid.nr",
    /// The namespace.
    upid_namespace = "upid.ns",
    /// Inode of a pid namespace.
    pid_namespace_inode = "pid_namespace.ns.inum",
    /// Byte that holds the bit; which bit it is, `Config::in_iowait_mask` says.
    task_in_iowait = "task_struct.in_iowait",
}

/// Name of the [`Offsets`] symbol in the object.
pub const OFFSETS_SYMBOL: &str = "OFFSETS";
