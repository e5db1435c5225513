//! What the demonstration knows about itself, without any tracing.

use serde::{Deserialize, Serialize};

use crate::model::Histogram;

/// What the server and its clients counted.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The server's own account.
    pub server: ServerTruth,
    /// Latency of the warm clients' requests, from before the request is sent until its last byte is read.
    pub warm_requests: Histogram,
    /// The same for the requests of cold pages.
    pub cold_requests: Histogram,
}

/// The server's own account of its `sendfile` calls, from its start to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerTruth {
    /// `sendfile` calls, those that failed included.
    pub calls: u64,
    /// Calls that failed (a full socket is EAGAIN).
    pub errors: u64,
    /// Bytes sent by `sendfile`.
    pub bytes: u64,
    /// Calls before which, by `mincore`, a page of the range they asked for was not in memory.
    pub cold_calls: u64,
    /// Those pages.
    pub cold_pages: u64,
    /// Latency of the calls whose pages were all in memory, by the server's `CLOCK_MONOTONIC`.
    pub hot: Histogram,
    /// Latency of the cold calls, likewise.
    pub cold: Histogram,
    /// Connections with unread input right after a cold call, the one it served left out, summed over the
    /// cold calls. Each demo client has one request in flight, so these are requests that waited behind.
    pub behind: u64,
    /// The most behind one call.
    pub behind_max: u64,
}
