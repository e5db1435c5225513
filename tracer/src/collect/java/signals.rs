//! Signals that must wait a moment.

use std::mem::MaybeUninit;

/// Those that would end this program are held back as long as this lives, from this thread and those that it
/// starts; what came meanwhile acts then.
pub struct HeldSignals(libc::sigset_t);

const ENDING: [libc::c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

impl HeldSignals {
    /// From now on.
    pub fn hold() -> Self {
        let mut ending = MaybeUninit::uninit();
        let mut former = MaybeUninit::uninit();
        // SAFETY: each set is initialised before it is read, `former` by the call that is given the mask; none of
        // these calls can fail with a known signal and a known operation.
        unsafe {
            libc::sigemptyset(ending.as_mut_ptr());
            libc::sigemptyset(former.as_mut_ptr());
            ENDING.iter().for_each(|&signal| _ = libc::sigaddset(ending.as_mut_ptr(), signal));
            libc::pthread_sigmask(libc::SIG_BLOCK, ending.as_ptr(), former.as_mut_ptr());
            Self(former.assume_init())
        }
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        // SAFETY: the set is the one that the kernel gave.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}
