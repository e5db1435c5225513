//! The demonstration: a single-threaded epoll file server, a warm and a cold file, and clients for both.
//!
//! Nothing here is staged for the tool's sake. The server is a real event loop in a process of its own, the
//! cold reads really wait for the disk, and the server keeps its own account of them ([`ServerTruth`]: `mincore`
//! right before each `sendfile`), which shares no code with the probes it is held against.
//!
//! [`Stage::set_up`] prepares all of it, idle; [`Stage::begin`] and [`Stage::end`] let the clients run in
//! between; [`Stage::finish`] collects what the server and the clients know. [`serve`] is the server itself.

mod clients;
mod disk;
mod files;
mod process;
mod request;
mod server;
mod stage;
mod truth;

pub use clients::{WARM_BYTES_PER_REQUEST, WARM_CONNECTIONS, WARM_REQUESTS_PER_SECOND};
pub use disk::Disk;
pub use server::{THREAD_NAME, serve};
pub use stage::Stage;
pub use truth::{ServerTruth, Truth};

#[cfg(test)]
mod tests;
