//! System calls as a program makes them, each exactly once: what they return are bytes or the negated error number.

use std::{
    fs::File,
    os::fd::{AsRawFd, BorrowedFd, RawFd},
    ptr,
};

/// A descriptor that is never open.
pub const NO_DESCRIPTOR: RawFd = 1 << 30;

fn outcome(returned: libc::ssize_t) -> i64 {
    match i64::try_from(returned) {
        Ok(bytes) if bytes >= 0 => bytes,
        _ => -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)),
    }
}

/// Where in a file a call begins; `None`: at its position.
fn pointer(offset: &mut Option<i64>) -> *mut i64 {
    offset.as_mut().map_or(ptr::null_mut(), ptr::from_mut)
}

/// splice(2).
pub fn splice(
    from: RawFd,
    mut offset: Option<i64>,
    to: RawFd,
    mut to_offset: Option<i64>,
    bytes: usize,
    flags: u32,
) -> i64 {
    // SAFETY: the offsets live until it returns; a bad descriptor is an error.
    outcome(unsafe { libc::splice(from, pointer(&mut offset), to, pointer(&mut to_offset), bytes, flags) })
}

/// tee(2).
pub fn tee(from: RawFd, to: RawFd, bytes: usize) -> i64 {
    // SAFETY: takes no memory; a bad descriptor is an error.
    outcome(unsafe { libc::tee(from, to, bytes, 0) })
}

/// vmsplice(2), into a pipe or out of one.
pub fn vmsplice(pipe: RawFd, memory: &mut [u8]) -> i64 {
    let vector = libc::iovec { iov_base: memory.as_mut_ptr().cast(), iov_len: memory.len() };
    // SAFETY: the memory is the caller's alone; what a pipe still holds of it is nobody's secret.
    outcome(unsafe { libc::vmsplice(pipe, &raw const vector, 1, 0) })
}

/// copy_file_range(2) between the same places of two files.
pub fn copy_file_range(from: RawFd, to: RawFd, offset: i64, bytes: usize, flags: u32) -> i64 {
    let (mut start, mut target) = (offset, offset);
    // SAFETY: the offsets live until it returns; a bad descriptor is an error.
    outcome(unsafe { libc::copy_file_range(from, &raw mut start, to, &raw mut target, bytes, flags) })
}

/// sendfile(2).
pub fn sendfile(file: &File, out: BorrowedFd<'_>, mut offset: i64, bytes: usize) -> i64 {
    // SAFETY: the offset lives until it returns.
    outcome(unsafe { libc::sendfile(out.as_raw_fd(), file.as_raw_fd(), &raw mut offset, bytes) })
}

/// read(2).
pub fn read(file: &File, memory: &mut [u8]) -> i64 {
    // SAFETY: writes into the memory alone.
    outcome(unsafe { libc::read(file.as_raw_fd(), memory.as_mut_ptr().cast(), memory.len()) })
}

/// pread(2).
pub fn pread(file: &File, memory: &mut [u8], offset: i64) -> i64 {
    // SAFETY: writes into the memory alone.
    outcome(unsafe { libc::pread(file.as_raw_fd(), memory.as_mut_ptr().cast(), memory.len(), offset) })
}

/// Calls that take several pieces of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectored {
    /// readv(2).
    Readv,
    /// preadv(2).
    Preadv,
    /// preadv2(2); −1 stands for the file's position.
    Preadv2,
}

/// Reads into the memory, which is handed over in `pieces` pieces.
pub fn vectored(call: Vectored, file: &File, memory: &mut [u8], pieces: usize, offset: i64) -> i64 {
    let length = memory.len().div_ceil(pieces);
    let vector = memory
        .chunks_mut(length)
        .map(|piece| libc::iovec { iov_base: piece.as_mut_ptr().cast(), iov_len: piece.len() });
    let vector = vector.collect::<Vec<_>>();
    let (file, start, count) = (file.as_raw_fd(), vector.as_ptr(), vector.len() as libc::c_int);
    // SAFETY: writes into the pieces of the memory alone.
    outcome(unsafe {
        match call {
            Vectored::Readv => libc::readv(file, start, count),
            Vectored::Preadv => libc::preadv(file, start, count, offset),
            Vectored::Preadv2 => libc::preadv2(file, start, count, offset, 0),
        }
    })
}
