//! Real servers under a real load: who is blocked on disk, by which file, for which client, against what the
//! servers, their clients and the kernel's own accounts say.

mod behind;
mod ci_job;
mod gates;
mod go;
mod haproxy;
mod java;
mod kafka;
mod load;
mod nginx;
mod node;
mod python;
mod redis;
mod stacks;
