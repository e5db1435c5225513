//! The other forms of a recording, by the programs that read them.

mod page;
