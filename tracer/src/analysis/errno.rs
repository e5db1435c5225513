//! Names of errors.

use nix::errno::Errno;

/// The name of `number` as the man pages have it; 0 stands for one beyond what is told apart.
#[must_use]
pub fn name(number: u32) -> String {
    // The kernel's own, which user space sees as a restart of the call or as EINTR
    // (include/linux/errno.h).
    match number {
        0 => return "(other)".into(),
        512 => return "ERESTARTSYS".into(),
        513 => return "ERESTARTNOINTR".into(),
        514 => return "ERESTARTNOHAND".into(),
        516 => return "ERESTART_RESTARTBLOCK".into(),
        _ => {}
    }
    match i32::try_from(number).map(Errno::from_raw) {
        Ok(errno) if errno != Errno::UnknownErrno => format!("{errno:?}"),
        _ => format!("errno {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn errors_have_the_names_of_the_man_pages() {
        assert_eq!(name(libc::EAGAIN as u32), "EAGAIN");
        assert_eq!(name(libc::EPIPE as u32), "EPIPE");
        assert_eq!(name(512), "ERESTARTSYS");
        assert_eq!(name(530), "errno 530");
    }
}
