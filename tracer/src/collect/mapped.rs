//! An array map of the kernel half, mapped into this process: reading it costs no system call, and so
//! disturbs no probe.

use std::{marker::PhantomData, os::fd::AsFd, ptr::NonNull};

use anyhow::{Context as _, Result};
use bytemuck::Pod;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Values of type `T`, which the kernel half may be changing.
pub struct MappedArray<T> {
    start: NonNull<u8>,
    length: usize,
    bytes: usize,
    values: PhantomData<T>,
}

impl<T: Pod> MappedArray<T> {
    /// Maps the `length` values of the array behind `map`.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn new(map: impl AsFd, length: u32) -> Result<Self> {
        // The kernel rounds a value up to 8 bytes; ours are multiples of it.
        const { assert!(size_of::<T>().is_multiple_of(8) && align_of::<T>() <= 8) };
        let length = length as usize;
        let bytes = length * size_of::<T>();
        // SAFETY: a new mapping at an address that the kernel chooses; it outlives the map's descriptor.
        let start = unsafe {
            mmap(std::ptr::null_mut(), bytes, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, map.as_fd(), 0)
        }
        .context("cannot map an eBPF array into memory")?;
        let start = NonNull::new(start.cast()).context("an eBPF array was mapped at address 0")?;
        Ok(Self { start, length, bytes, values: PhantomData })
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.length
    }

    /// A copy of the value at `index`.
    ///
    /// # Panics
    /// If `index` is out of range.
    pub fn get(&self, index: usize) -> T {
        self.at(index, |value| {
            // SAFETY: in range; any bytes are a `T`. Volatile, since the kernel half may write meanwhile:
            // a copy may then mix two moments, which the caller must be prepared for.
            unsafe { value.read_volatile() }
        })
    }

    /// A copy of what the value at `index` begins with: cheaper than the whole.
    ///
    /// # Panics
    /// If `index` is out of range.
    pub fn beginning<B: Pod>(&self, index: usize) -> B {
        const { assert!(size_of::<B>() <= size_of::<T>() && align_of::<B>() <= align_of::<T>()) };
        self.at(index, |value| {
            // SAFETY: in range, since a `B` lies within the `T`, and any bytes are one; volatile as above.
            unsafe { value.cast::<B>().read_volatile() }
        })
    }

    /// Overwrites the value at `index`.
    ///
    /// # Panics
    /// If `index` is out of range.
    pub fn set(&self, index: usize, value: T) {
        self.at(index, |place| {
            // SAFETY: in range, and the mapping is writable.
            unsafe { place.write_volatile(value) }
        });
    }

    /// Overwrites the value at `index` with zeros.
    ///
    /// # Panics
    /// If `index` is out of range.
    pub fn clear(&self, index: usize) {
        self.at(index, |place| {
            // SAFETY: in range, and the mapping is writable.
            unsafe { place.write_bytes(0, 1) }
        });
    }

    fn at<R>(&self, index: usize, work: impl FnOnce(*mut T) -> R) -> R {
        assert!(index < self.length, "value {index} of an array of {}", self.length);
        // SAFETY: within the mapping, which starts at a page and holds values of a multiple of 8 bytes.
        work(unsafe { self.start.as_ptr().cast::<T>().add(index) })
    }
}

impl<T> Drop for MappedArray<T> {
    fn drop(&mut self) {
        // SAFETY: this value made the mapping, and hands out copies alone.
        // An error would leave the mapping in place until the process ends: harmless.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}
