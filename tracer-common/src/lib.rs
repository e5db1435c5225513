//! What tracer's two halves share: the layout of every map value, the histogram scheme, the traced
//! system calls, and the configuration that user space hands to the kernel half at load.
//!
//! Each record is defined once, here. `bytemuck::Pod` proves at compile time that it has no padding, so
//! both sides read the same bytes, and user space needs no `unsafe` to look at them.
#![no_std]

pub mod config;
pub mod culprit;
pub mod files;
pub mod histogram;
pub mod offsets;
pub mod records;
pub mod stack;
pub mod syscall;
pub mod turns;
