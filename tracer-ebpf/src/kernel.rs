//! The kernel's structures, read through the offsets that its BTF gave.
//!
//! Arguments of typed tracepoints and `bpf_get_current_task_btf` are pointers whose type the verifier
//! knows. It proves each load at a constant offset and guards it against faults, so no helper is called.

/// Reads `T` at `base + offset`, where `base` is a pointer whose type the verifier knows.
#[inline(always)]
pub fn load<T: Copy>(base: *const u8, offset: u32) -> T {
    // SAFETY: the verifier checks the load against the BTF type of `base`, and a fault reads as 0.
    unsafe { core::ptr::read_volatile(base.add(offset as usize).cast::<T>()) }
}

/// Defines a wrapper around a typed kernel pointer.
macro_rules! kernel_pointer {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name(pub *const u8);

        impl $name {
            /// Wraps a pointer that the verifier knows as this type.
            #[inline(always)]
            pub const fn from_argument(pointer: *const u8) -> Self {
                Self(pointer)
            }
        }
    };
}
pub(crate) use kernel_pointer;

/// `value`, of which the compiler knows nothing: it would drop the check of a bound that it can prove itself, which
/// the verifier needs.
#[inline(always)]
pub fn opaque(mut value: usize) -> usize {
    // SAFETY: no instruction; the register stays as it is.
    unsafe { core::arch::asm!("{0} = {0}", inout(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}
