//! A real event-loop server on the JVM: Apache Kafka's brokers, and clients that say what they asked for.

mod batch;
mod broker;
mod client;
mod cluster;
mod installation;
mod producers;
mod settings;
mod stream;
mod wire;

pub use self::{
    batch::Batch,
    broker::Broker,
    client::{Client, Fetched},
    cluster::Cluster,
    producers::Producers,
    settings::Listener,
};
pub(crate) use installation::missing;
