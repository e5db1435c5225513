//! The exporter (`tracer serve`): measures in rounds, adds up what windows bring, and tells whoever asks.
//!
//! Two threads: the measurement, and the web server. Between them is a [`Board`]: the measurement puts up a text once a second at most,
//! and all who ask are given that one. So who asks never touches the kernel, and nobody who asks can hold up the measurement.

mod board;
mod exporter;
pub mod listen;
mod service;
pub mod web;

pub use self::{
    board::{Board, Latest},
    exporter::Exporter,
};
