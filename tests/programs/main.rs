//! Real servers under a real load: who is blocked on disk, by which file, for which client, against what the
//! servers, their clients and the kernel's own accounts say.

mod kafka;
mod nginx;
