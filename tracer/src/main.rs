//! The `tracer` command line.

fn main() {}
