//! What tracer was given by whoever started it, and what CMD is to be given in turn. Rust's runtime ignores SIGPIPE
//! and opens closed standard streams before `main`, so it is looked at earlier.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{Errno, fcntl_getfd};

/// Whether standard input, output and error were open.
static OPEN: [AtomicBool; 3] = [const { AtomicBool::new(true) }; 3];

/// Whether SIGPIPE was ignored.
static IGNORES_PIPE: AtomicBool = AtomicBool::new(false);

/// The dynamic loader, or the start of a static program, calls it before anything else of this program runs.
#[used]
// SAFETY: the section holds pointers to functions that are called once, with arguments that a function of the C
// calling convention may leave unread; this one needs nothing of Rust's runtime.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    for (number, open) in (0..).zip(&OPEN) {
        // SAFETY: asks about a number, and does nothing to what may be behind it.
        let stream = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
        open.store(fcntl_getfd(stream) != Err(Errno::BADF), Ordering::Relaxed);
    }
    IGNORES_PIPE.store(ignores(libc::SIGPIPE), Ordering::Relaxed);
}

/// What CMD gets as tracer got it.
#[derive(Clone, Copy, Debug)]
pub struct Inherited {
    /// The standard streams that were closed, by number.
    closed: [bool; 3],
    /// Whether a write to a pipe that nobody reads is an error and no signal.
    ignores_pipe: bool,
    /// Whether children leave no zombies.
    ignores_child: bool,
}

impl Inherited {
    /// As tracer got it. From now on tracer hears how its children end.
    pub fn take() -> Self {
        let ignores_child = ignores(libc::SIGCHLD);
        if ignores_child {
            set(libc::SIGCHLD, libc::SIG_DFL);
        }
        Self {
            closed: [0, 1, 2].map(|stream: usize| !OPEN[stream].load(Ordering::Relaxed)),
            ignores_pipe: IGNORES_PIPE.load(Ordering::Relaxed),
            ignores_child,
        }
    }

    /// Gives it to this process, just before its exec. Allocates nothing.
    pub fn restore(&self) {
        let disposition = |ignored| if ignored { libc::SIG_IGN } else { libc::SIG_DFL };
        set(libc::SIGPIPE, disposition(self.ignores_pipe));
        set(libc::SIGCHLD, disposition(self.ignores_child));
        for (stream, _) in (0..).zip(self.closed).filter(|(_, closed)| *closed) {
            // SAFETY: the runtime opened it; nothing of this program uses it before the exec.
            unsafe { libc::close(stream) };
        }
    }
}

/// Whether a signal is ignored.
pub fn ignores(signal: libc::c_int) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only; an action of zeros is a valid one, should the kernel not answer.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

fn set(signal: libc::c_int, disposition: libc::sighandler_t) {
    // SAFETY: the disposition is one of the two that are no functions.
    unsafe { libc::signal(signal, disposition) };
}
