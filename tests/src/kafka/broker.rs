//! One broker: a JVM.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};

use super::{
    Client, Listener,
    installation::java,
    settings::{PASSWORD, Settings},
    stream::Stream,
};
use crate::{net::free_port, os::page_cache::evict, process::Guarded, wait::until};

/// Any base64 of 16 bytes.
const CLUSTER: &str = "dHJhY2VyLXRlc3RzLi4uLg";

/// Where a broker keeps what.
pub(super) struct Place<'a> {
    pub(super) id: i32,
    pub(super) controller_port: u16,
    pub(super) data: &'a Path,
    pub(super) settings: &'a Path,
}

/// A broker that serves.
pub struct Broker {
    process: Guarded,
    listener: Listener,
    port: u16,
    data: PathBuf,
    log: PathBuf,
}

impl Broker {
    pub(super) fn start(place: &Place, listener: Listener, key_store: Option<&Path>) -> Self {
        let &Place { id, controller_port, data, settings } = place;
        let port = free_port();
        let text = Settings { id, port, listener, controller_port, data, key_store }.text();
        let path = |kind: &str| settings.join(format!("broker-{id}.{kind}"));
        let (properties, log) = (path("properties"), path("log"));
        fs::write(&properties, text).expect("writing the broker's settings");
        let run = |class: &str, arguments: &[&str]| {
            let written = File::options().create(true).append(true).open(&log).expect("the broker's log");
            let mut command = java(class, &["-Xmx512m"]);
            command.args(arguments).arg(&properties);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(written);
            command
        };
        let formatted = run("kafka.tools.StorageTool", &["format", "-t", CLUSTER, "-c"]).status();
        let formatted = formatted.is_ok_and(|status| status.success());
        assert!(formatted, "formatting the broker's storage:\n{}", complaints(&log));
        let process = Guarded::new(run("kafka.Kafka", &[]).spawn().expect("starting a broker"));
        Self { process, listener, port, data: data.to_owned(), log }
    }

    /// Until it knows of all brokers: then it also carries out requests.
    pub(super) fn wait_until_it_serves(&self, brokers: usize) {
        let serves = || {
            let known = self.client(Ipv4Addr::LOCALHOST).and_then(|mut client| client.brokers());
            known.is_ok_and(|known| known.len() == brokers).then_some(())
        };
        until(Duration::from_secs(60), serves)
            .unwrap_or_else(|| panic!("a broker does not serve:\n{}", complaints(&self.log)));
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A connection from `host`, an address of the loopback network.
    ///
    /// # Errors
    /// If there is none to be had.
    pub fn client(&self, host: Ipv4Addr) -> Result<Client> {
        let stream = match self.listener {
            Listener::Plain => Stream::plain(host, self.port),
            Listener::Encrypted => Stream::encrypted(host, self.port),
        };
        stream.map(Client::new).context("connecting to a broker")
    }

    /// The directory of a partition.
    #[must_use]
    pub fn directory_of(&self, topic: &str, partition: i32) -> PathBuf {
        self.data.join(format!("{topic}-{partition}"))
    }

    /// The files with a partition's records, in their order.
    ///
    /// # Panics
    /// If they cannot be listed.
    #[must_use]
    pub fn segments_of(&self, topic: &str, partition: i32) -> Vec<PathBuf> {
        let files = fs::read_dir(self.directory_of(topic, partition)).expect("the partition's directory");
        let mut segments: Vec<_> = files
            .map(|file| file.expect("a file of the partition").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        segments.sort_unstable();
        segments
    }

    /// Drops a partition's records from memory.
    ///
    /// # Panics
    /// If they stay there.
    pub fn evict(&self, topic: &str, partition: i32) {
        for segment in self.segments_of(topic, partition) {
            evict(&File::open(&segment).expect("a segment")).expect("evicting a segment");
        }
    }
}

/// What a broker complains of; if of nothing, the end of its log.
fn complaints(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let complains = |line: &&str| [" WARN ", " ERROR ", "Exception"].iter().any(|word| line.contains(word));
    let last = |lines: Vec<&str>| lines[lines.len().saturating_sub(30)..].join("\n");
    let complaints = last(text.lines().filter(complains).collect());
    if complaints.is_empty() { last(text.lines().collect()) } else { complaints }
}

/// Makes a key store with one key that signs itself.
pub(super) fn keystore(place: &Path) -> PathBuf {
    let store = place.join("key-store.p12");
    let mut command = Command::new("keytool");
    command.args(["-genkeypair", "-alias", "broker", "-keyalg", "EC"]);
    command.args(["-dname", "CN=localhost", "-storetype", "PKCS12"]);
    command.args(["-storepass", PASSWORD, "-keystore"]).arg(&store).stderr(Stdio::null());
    assert!(command.status().is_ok_and(|status| status.success()), "keytool makes no key");
    store
}
