//! bpf(2), as far as empty programs need it: raw, so that nothing but the programs themselves is measured, and
//! `cargo xtask` is not slowed down by a library for it.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result};

/// Commands (`enum bpf_cmd`, include/uapi/linux/bpf.h).
mod command {
    pub const MAP_CREATE: libc::c_long = 0;
    pub const MAP_LOOKUP_ELEM: libc::c_long = 1;
    pub const PROG_LOAD: libc::c_long = 5;
    pub const PROG_GET_NEXT_ID: libc::c_long = 11;
    pub const PROG_GET_FD_BY_ID: libc::c_long = 13;
    pub const OBJ_GET_INFO_BY_FD: libc::c_long = 15;
    pub const RAW_TRACEPOINT_OPEN: libc::c_long = 17;
    pub const ENABLE_STATS: libc::c_long = 32;
}

/// `BPF_MAP_TYPE_ARRAY`.
const MAP_TYPE_ARRAY: u32 = 2;

/// Kinds of programs (`enum bpf_prog_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ProgramType {
    Kprobe = 2,
    Tracepoint = 5,
    PerfEvent = 7,
    RawTracepoint = 17,
    RawTracepointWritable = 24,
    Tracing = 26,
}

impl ProgramType {
    /// Those that hang on events of the whole system, where they slow down everybody's events. The others (on
    /// cgroups and sockets) have no part in system calls and context switches.
    const OF_EVENTS: [Self; 6] = [
        Self::Kprobe,
        Self::Tracepoint,
        Self::PerfEvent,
        Self::RawTracepoint,
        Self::RawTracepointWritable,
        Self::Tracing,
    ];
}

/// One instruction (`struct bpf_insn`).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Instruction {
    pub code: u8,
    /// Destination in the low four bits, source in the high ones.
    pub registers: u8,
    pub offset: i16,
    pub immediate: i32,
}

/// The part of `union bpf_attr` that a load reads. What is not named here stays 0.
#[repr(C)]
struct Load {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
}

#[repr(C)]
struct CreateMap {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
}

#[repr(C)]
struct LookUp {
    map: u32,
    reserved: u32,
    key: u64,
    value: u64,
    flags: u64,
}

#[repr(C)]
struct OpenRawTracepoint {
    name: u64,
    program: u32,
    reserved: u32,
}

#[repr(C)]
struct NextId {
    start: u32,
    next: u32,
    open_flags: u32,
}

#[repr(C)]
struct InfoByFd {
    fd: u32,
    length: u32,
    info: u64,
}

/// `PERF_ATTR_SIZE_VER0` of `struct perf_event_attr` (include/uapi/linux/perf_event.h).
#[repr(C)]
struct PerfEvent {
    event_type: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    breakpoint_address: u64,
}

const PERF_TYPE_TRACEPOINT: u32 = 2;
const PERF_FLAG_FD_CLOEXEC: libc::c_ulong = 8;
const PERF_EVENT_IOC_SET_BPF: libc::c_ulong = 0x4004_2408;

/// A program that hangs on an event for as long as this value lives.
#[derive(Debug)]
pub struct Attached {
    _program: OwnedFd,
    _link: OwnedFd,
}

/// A program on a classic tracepoint, such as `syscalls`, `sys_enter_getppid`. tracefs must be mounted.
pub fn on_tracepoint(category: &str, name: &str, instructions: &[Instruction]) -> Result<Attached> {
    let path = Path::new(super::TRACEFS).join("events").join(category).join(name).join("id");
    let id = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let program = load(ProgramType::Tracepoint, instructions).with_context(|| format!("a program for {name}"))?;
    let attributes = PerfEvent {
        event_type: PERF_TYPE_TRACEPOINT,
        size: size_of::<PerfEvent>() as u32,
        config: id.trim().parse().with_context(|| format!("{} holds no id", path.display()))?,
        sample_period: 1,
        sample_type: 0,
        read_format: 0,
        flags: 0,
        wakeup_events: 0,
        breakpoint_type: 0,
        breakpoint_address: 0,
    };
    // SAFETY: the attributes live until after the call, which reads `size` bytes of them.
    let event =
        unsafe { libc::syscall(libc::SYS_perf_event_open, &raw const attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC) };
    let link = owned(event).with_context(|| format!("perf_event_open for {name}"))?;
    // SAFETY: both descriptors are open; the call reads its argument as a number.
    let result = unsafe { libc::ioctl(link.as_raw_fd(), PERF_EVENT_IOC_SET_BPF, program.as_raw_fd()) };
    if result < 0 {
        return Err(io::Error::last_os_error()).with_context(|| format!("cannot attach to {name}"));
    }
    Ok(Attached { _program: program, _link: link })
}

/// A program on a raw tracepoint. The kernel runs typed ones (tp_btf) in the very same way
/// (`__bpf_trace_run`, kernel/trace/bpf_trace.c); they differ in what the verifier knows of the arguments.
pub fn on_raw_tracepoint(name: &str, instructions: &[Instruction]) -> Result<Attached> {
    let program = load(ProgramType::RawTracepoint, instructions).with_context(|| format!("a program for {name}"))?;
    let terminated = std::ffi::CString::new(name).context("a tracepoint's name has no NUL")?;
    let mut request =
        OpenRawTracepoint { name: terminated.as_ptr() as u64, program: program.as_raw_fd() as u32, reserved: 0 };
    let link =
        owned(bpf(command::RAW_TRACEPOINT_OPEN, &mut request)).with_context(|| format!("cannot attach to {name}"))?;
    Ok(Attached { _program: program, _link: link })
}

fn load(program_type: ProgramType, instructions: &[Instruction]) -> Result<OwnedFd> {
    let mut request = Load {
        program_type: program_type as u32,
        instruction_count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        license: c"Dual MIT/GPL".as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
    };
    owned(bpf(command::PROG_LOAD, &mut request)).context("the kernel refused it")
}

/// An array of one value of `N` numbers.
#[derive(Debug)]
pub struct Numbers<const N: usize> {
    map: OwnedFd,
}

impl<const N: usize> Numbers<N> {
    pub fn new() -> Result<Self> {
        let mut request = CreateMap { map_type: MAP_TYPE_ARRAY, key_size: 4, value_size: N as u32 * 8, max_entries: 1 };
        Ok(Self { map: owned(bpf(command::MAP_CREATE, &mut request)).context("cannot create an eBPF map")? })
    }

    /// The two instructions that load the address of the numbers.
    pub fn address(&self, register: u8) -> [Instruction; 2] {
        /// `BPF_PSEUDO_MAP_VALUE`, in the place of the source register.
        const MAP_VALUE: u8 = 2;
        let fd = self.map.as_raw_fd();
        [
            Instruction { code: 0x18, registers: MAP_VALUE << 4 | register, offset: 0, immediate: fd },
            Instruction { code: 0, registers: 0, offset: 0, immediate: 0 },
        ]
    }

    pub fn read(&self) -> Result<[u64; N]> {
        let (key, mut value) = (0u32, [0; N]);
        let mut request = LookUp {
            map: self.map.as_raw_fd() as u32,
            reserved: 0,
            key: (&raw const key) as u64,
            value: value.as_mut_ptr() as u64,
            flags: 0,
        };
        let result = bpf(command::MAP_LOOKUP_ELEM, &mut request);
        (result == 0).then_some(value).ok_or_else(io::Error::last_os_error).context("cannot read an eBPF map")
    }
}

/// Ids of all programs on this system that hang on events, whoever loaded them.
pub fn event_programs() -> Result<Vec<u32>> {
    let mut found = Vec::new();
    let mut request = NextId { start: 0, next: 0, open_flags: 0 };
    while bpf(command::PROG_GET_NEXT_ID, &mut request) == 0 {
        request.start = request.next;
        if is_on_events(request.next) {
            found.push(request.next);
        }
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENOENT) => Ok(found),
        _ => Err(error).context("cannot list the eBPF programs of this system"),
    }
}

fn is_on_events(id: u32) -> bool {
    // The start of `struct bpf_prog_info`: the type, the id. It may have gone meanwhile.
    let info: Option<[u32; 2]> = info(id);
    info.is_some_and(|[kind, _]| ProgramType::OF_EVENTS.iter().any(|&program_type| program_type as u32 == kind))
}

/// The first members of `struct bpf_prog_info` of the program `id`; `None`: there is none.
fn info<const N: usize>(id: u32) -> Option<[u32; N]> {
    let mut request = NextId { start: id, next: 0, open_flags: 0 };
    let program = owned(bpf(command::PROG_GET_FD_BY_ID, &mut request)).ok()?;
    let mut info = [0u32; N];
    let mut request =
        InfoByFd { fd: program.as_raw_fd() as u32, length: size_of_val(&info) as u32, info: info.as_mut_ptr() as u64 };
    (bpf(command::OBJ_GET_INFO_BY_FD, &mut request) == 0).then_some(info)
}

/// While it lives, the kernel adds up what each program takes.
#[derive(Debug)]
pub struct Account {
    _enabled: OwnedFd,
}

impl Account {
    /// Opens it.
    pub fn open() -> Result<Self> {
        /// `struct bpf_attr.enable_stats`.
        #[repr(C)]
        struct EnableStats {
            kind: u32,
        }
        /// `BPF_STATS_RUN_TIME`.
        const RUN_TIME: u32 = 0;
        let enabled = owned(bpf(command::ENABLE_STATS, &mut EnableStats { kind: RUN_TIME }));
        Ok(Self { _enabled: enabled.context("the kernel keeps no account of eBPF programs")? })
    }

    /// What these programs have taken so far, together, ns.
    pub fn run_ns(&self, programs: &[u32]) -> Result<u64> {
        /// Words of `struct bpf_prog_info` before `run_time_ns`, and with it.
        const BEFORE: usize = 48;
        let of_program = |&id: &u32| {
            let info: [u32; BEFORE + 2] = info(id).context("a program has gone")?;
            Ok(u64::from(info[BEFORE]) | u64::from(info[BEFORE + 1]) << 32)
        };
        programs.iter().map(of_program).sum()
    }
}

fn bpf<T>(command: libc::c_long, request: &mut T) -> libc::c_long {
    // SAFETY: `request` is as the command wants it; what it points to lives until after the call.
    unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(request), size_of::<T>()) }
}

fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(result) {
        // SAFETY: the kernel has just handed out this descriptor, and nobody else has it.
        Ok(fd) if fd >= 0 => Ok(OwnedFd::from(unsafe { File::from_raw_fd(fd) })),
        _ => Err(io::Error::last_os_error()),
    }
}
