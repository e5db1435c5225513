//! The read-only globals that user space fills in before the load. To the verifier they are constants.

use aya_ebpf::Global;
use tracer_common::{
    config::{Config, NOT_TRACED},
    offsets::Offsets,
    syscall::Syscall,
};

/// What this measurement is about.
#[unsafe(no_mangle)]
pub static CONFIG: Global<Config> = Global::new(Config::ZERO);

/// Where this kernel keeps the members that are read.
#[unsafe(no_mangle)]
pub static OFFSETS: Global<Offsets> = Global::new(Offsets::ZERO);

/// Reads one field of a global where it lies: `Global::load` would copy the whole of it to the stack first.
macro_rules! global {
    ($global:ident.$field:ident) => {{
        let globals = $crate::globals::pointer(&$crate::globals::$global);
        // SAFETY: points into a live static; volatile, since the loader overwrites the value and the
        // compiler must not fold the initial one.
        unsafe { core::ptr::read_volatile(&raw const (*globals).$field) }
    }};
}
pub(crate) use global;

/// Where the value of `global` lies.
#[inline(always)]
pub const fn pointer<T>(global: &'static Global<T>) -> *const T {
    core::ptr::from_ref(global).cast()
}

/// The row of `syscall`; out of every table's range if it is not traced.
#[inline(always)]
pub fn row_of(syscall: Syscall) -> u32 {
    let rows = (&raw const CONFIG).cast::<u8>().wrapping_add(core::mem::offset_of!(Config, row_of));
    // SAFETY: within the array, since each system call has an entry; volatile, see [`global`].
    u32::from(unsafe { core::ptr::read_volatile(rows.add(syscall as usize & (Syscall::COUNT as usize - 1))) })
}

/// Whether `syscall` is traced.
#[inline(always)]
pub fn is_traced(syscall: Syscall) -> bool {
    row_of(syscall) != NOT_TRACED as u32
}
