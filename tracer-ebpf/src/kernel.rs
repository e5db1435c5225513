//! The kernel's structures, read through the offsets that its BTF gave.
//!
//! Arguments of typed tracepoints and `bpf_get_current_task_btf` are pointers whose type the verifier
//! knows. It proves each load at a constant offset and guards it against faults, so no helper is called.
//!
//! Older kernels have too few of such pointers. The guarded object (feature `guarded`) is for them: it copies each
//! member through a helper.

/// Reads `T`, a number or a pointer, at `base + offset`, where `base` is a pointer whose type the verifier knows.
#[cfg(not(feature = "guarded"))]
#[inline(always)]
pub fn load<T: Copy>(base: *const u8, offset: u32) -> T {
    // SAFETY: the verifier checks the load against the BTF type of `base`, and a fault reads as 0.
    unsafe { core::ptr::read_volatile(base.add(offset as usize).cast::<T>()) }
}

/// Reads `T`, a number or a pointer, at `base + offset`.
#[cfg(feature = "guarded")]
#[inline(always)]
pub fn load<T: Copy>(base: *const u8, offset: u32) -> T {
    let address = base.wrapping_add(offset as usize).cast::<T>();
    // SAFETY: a guarded copy from kernel memory; what cannot be read is 0, as above, which every such `T` may be.
    unsafe { aya_ebpf::helpers::bpf_probe_read_kernel(address).unwrap_or_else(|_| core::mem::zeroed()) }
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
