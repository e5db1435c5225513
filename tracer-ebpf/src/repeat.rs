//! Steps that are repeated so often that the verifier must not follow each: it looks at a step once.
//!
//! What a step finds is kept in a map, since that is all that a step and its caller can share on every kernel.

/// Declares a step for [`repeat!`], a function of its index that returns [`Next`].
#[cfg(not(feature = "guarded"))]
macro_rules! step {
    ($(#[$doc:meta])* fn $name:ident($index:ident) $body:block) => {
        $(#[$doc])*
        #[inline(never)]
        unsafe extern "C" fn $name(index: u64, _: *mut core::ffi::c_void) -> i64 {
            #[inline(always)]
            fn step($index: u64) -> $crate::repeat::Next $body
            step(index) as i64
        }
    };
}

/// Makes a step again and again until it ends it, or a constant number of times.
#[cfg(not(feature = "guarded"))]
macro_rules! repeat {
    ($step:ident, at most $most:ident) => {{
        let step: unsafe extern "C" fn(u64, *mut core::ffi::c_void) -> i64 = $step;
        // SAFETY: the callback is a function of this object that fits, and takes nothing from its context.
        unsafe { aya_ebpf::helpers::generated::bpf_loop($most, step as *mut _, core::ptr::null_mut(), 0) };
    }};
}

/// The same without callbacks, which kernels have since 5.13, and the helper for them since 5.17: a function with global
/// linkage is looked at once, too.
#[cfg(feature = "guarded")]
macro_rules! step {
    ($(#[$doc:meta])* fn $name:ident($index:ident) $body:block) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name(index: u64) -> u64 {
            #[inline(always)]
            fn step($index: u64) -> $crate::repeat::Next $body
            // An index that is not looked at would be passed as anything, which the verifier refuses.
            step($crate::kernel::opaque(index as usize) as u64) as u64
        }
    };
}

/// Makes a step again and again until it ends it, or a constant number of times.
#[cfg(feature = "guarded")]
macro_rules! repeat {
    ($step:ident, at most $most:ident) => {{
        for index in 0..u64::from($most) {
            if $step(index) != $crate::repeat::Next::Step as u64 {
                break;
            }
        }
    }};
}

pub(crate) use {repeat, step};

/// What follows a step.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Next {
    /// Another one.
    Step = 0,
    /// None.
    End = 1,
}
