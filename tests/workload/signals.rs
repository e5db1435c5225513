//! A program that says which signals it gets, and from whom.

use std::{
    io::{Write, stdout},
    mem::MaybeUninit,
};

use anyhow::{Context, Result, ensure};
use clap::Args;

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// The number of the signal that ends it
    #[arg(long, default_value_t = libc::SIGTERM)]
    until: i32,
    /// Its exit code then
    #[arg(long, default_value_t = 0)]
    code: i32,
}

/// Signals that do what they do to any program: stop it, continue it, and end it when its time is over.
const LEFT: [i32; 5] = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU, libc::SIGCONT, libc::SIGALRM];

/// Says `ready`, and a line for each signal: its number, how it was sent (`si_code`: above 0 by the kernel), and by
/// which process. None is lost for being like one before it, unless both come within microseconds.
pub fn run(options: &Options) -> Result<()> {
    let mut waited_for = MaybeUninit::uninit();
    // SAFETY: the set is initialised before it is used.
    let waited_for = unsafe {
        libc::sigfillset(waited_for.as_mut_ptr());
        LEFT.iter().for_each(|&signal| _ = libc::sigdelset(waited_for.as_mut_ptr(), signal));
        libc::sigprocmask(libc::SIG_BLOCK, waited_for.as_ptr(), std::ptr::null_mut());
        waited_for.assume_init()
    };
    say("ready")?;
    loop {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: both point to what they should; zeros are a valid siginfo.
        let (number, info) = unsafe {
            let number = libc::sigwaitinfo(&raw const waited_for, info.as_mut_ptr());
            (number, info.assume_init())
        };
        if number < 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) {
            // It was stopped and continued.
            continue;
        }
        ensure!(number > 0, "waiting for a signal: {}", std::io::Error::last_os_error());
        // SAFETY: what the kernel sent has no sender: then the field is 0.
        say(&format!("{number} {} {}", info.si_code, unsafe { info.si_pid() }))?;
        if number == options.until {
            std::process::exit(options.code);
        }
    }
}

fn say(text: &str) -> Result<()> {
    let mut stdout = stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).context("writing to stdout")
}
