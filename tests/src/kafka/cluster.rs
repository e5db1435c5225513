//! Brokers that belong together.

use std::{net::Ipv4Addr, path::Path, thread, time::Duration};

use tempfile::TempDir;

use super::{
    Broker, Listener,
    broker::{Place, keystore},
};
use crate::{net::free_port, wait::until};

/// Brokers with one controller, the first of them. They end on drop.
pub struct Cluster {
    brokers: Vec<Broker>,
    // After the brokers: their settings are in there.
    settings: TempDir,
}

impl Cluster {
    /// Starts so many brokers that keep their data below `place`, and returns when all of them serve.
    ///
    /// # Panics
    /// If they do not.
    #[must_use]
    pub fn start(place: &Path, brokers: i32, listener: Listener) -> Self {
        let settings = TempDir::new().expect("a directory for settings");
        let key_store = (listener == Listener::Encrypted).then(|| keystore(settings.path()));
        let controller_port = free_port();
        let start = |id| {
            let place =
                Place { id, controller_port, data: &place.join(format!("broker-{id}")), settings: settings.path() };
            Broker::start(&place, listener, key_store.as_deref())
        };
        let start = &start;
        let brokers = thread::scope(|scope| {
            let threads: Vec<_> = (0..brokers).map(|id| scope.spawn(move || start(id))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a broker starts")).collect()
        });
        let this = Self { brokers, settings };
        for broker in &this.brokers {
            broker.wait_until_it_serves(this.brokers.len());
        }
        this
    }

    /// A broker by its id.
    #[must_use]
    pub fn broker(&self, id: usize) -> &Broker {
        &self.brokers[id]
    }

    /// Where the settings of its brokers are.
    #[must_use]
    pub fn settings(&self) -> &Path {
        self.settings.path()
    }

    /// Makes a topic with the brokers of each partition, its leader first, and waits until all are led.
    ///
    /// # Panics
    /// If that fails.
    pub fn create_topic(&self, name: &str, partitions: &[&[i32]], settings: &[(&str, &str)]) {
        let mut client = self.brokers[0].client(Ipv4Addr::LOCALHOST).expect("a connection");
        client.create_topic(name, partitions, settings).expect("a topic");
        for (index, brokers) in (0..).zip(partitions) {
            let leader = usize::try_from(brokers[0]).expect("a broker's id");
            let mut client = self.brokers[leader].client(Ipv4Addr::LOCALHOST).expect("a connection");
            // It learns of its duty a little later than of the topic.
            let leads = || client.fetch(name, index, 0, 1).ok();
            until(Duration::from_secs(20), leads).expect("each partition gets its leader");
        }
    }
}
