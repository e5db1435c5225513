//! A broker's configuration.

use std::{fmt::Write, path::Path};

/// What clients speak to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Kafka's protocol as it is: the broker may hand files to the kernel.
    Plain,
    /// The same inside TLS: the broker has to read files and encrypt what it read.
    Encrypted,
}

/// Threads that serve connections, and threads that carry out requests.
const NETWORK_THREADS: u32 = 3;
const REQUEST_HANDLERS: u32 = 4;

/// The password of the key store.
pub(super) const PASSWORD: &str = "tests-alone";

/// Places and ports of one broker.
pub(super) struct Settings<'a> {
    pub(super) id: i32,
    pub(super) port: u16,
    pub(super) listener: Listener,
    /// The first broker is the controller too.
    pub(super) controller_port: u16,
    pub(super) data: &'a Path,
    pub(super) key_store: Option<&'a Path>,
}

impl Settings<'_> {
    /// `server.properties`.
    pub(super) fn text(&self) -> String {
        let Self { id, port, controller_port, .. } = self;
        let protocol = match self.listener {
            Listener::Plain => "PLAINTEXT",
            Listener::Encrypted => "SSL",
        };
        let is_controller = *id == 0;
        let roles = if is_controller { "broker,controller" } else { "broker" };
        let control = if is_controller { format!(",CONTROLLER://127.0.0.1:{controller_port}") } else { String::new() };
        // Records bear no time of their own: they would count as old, and be deleted after half a minute. And a
        // broker may hang on a busy disk for longer than its controller's usual patience.
        let mut text = format!(
            "process.roles={roles}
            node.id={id}
            controller.quorum.voters=0@127.0.0.1:{controller_port}
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,{protocol}:{protocol}
            listeners={protocol}://127.0.0.1:{port}{control}
            advertised.listeners={protocol}://127.0.0.1:{port}
            inter.broker.listener.name={protocol}
            log.dirs={data}
            num.network.threads={NETWORK_THREADS}
            num.io.threads={REQUEST_HANDLERS}
            auto.create.topics.enable=false
            log.retention.ms=-1
            broker.session.timeout.ms=60000
            ",
            data = self.data.display()
        );
        if let Some(store) = self.key_store {
            for kind in ["keystore", "truststore"] {
                let _ = writeln!(text, "ssl.{kind}.location={}\nssl.{kind}.password={PASSWORD}", store.display());
            }
            text.push_str("ssl.key.password=");
            text.push_str(PASSWORD);
        }
        text
    }
}
