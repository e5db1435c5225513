//! HAProxy, which moves bytes from socket to socket through pipes.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{net::free_port, process::Guarded, wait::soon};

/// A proxy of one thread in front of a server. Ends on drop.
pub struct Haproxy {
    child: Guarded,
    port: u16,
    statistics: PathBuf,
}

impl Haproxy {
    /// In front of the server at a local port; its files go into `directory`.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn in_front_of(server: u16, directory: &Path) -> Self {
        let port = free_port();
        let (configuration, statistics) = (directory.join("haproxy.cfg"), directory.join("statistics"));
        fs::write(&configuration, settings(port, server, &statistics)).expect("writing HAProxy's configuration");
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(&configuration);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = Guarded::new(command.spawn().expect("starting HAProxy"));
        soon(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()).expect("HAProxy listens");
        // It gives the socket its name a moment later.
        soon(|| UnixStream::connect(&statistics).ok()).expect("HAProxy can be asked");
        Self { child, port, statistics }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bytes that it has sent through pipes, by its own account.
    ///
    /// # Panics
    /// If it does not tell.
    #[must_use]
    pub fn spliced_bytes(&self) -> u64 {
        let mut stream = UnixStream::connect(&self.statistics).expect("HAProxy's statistics");
        stream.write_all(b"show info\n").expect("asking HAProxy");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("HAProxy's answer");
        // The name has a slip of the pen in some versions.
        let is_it = |name: &str| name.starts_with("TotalSpli") && name.ends_with("BytesOut");
        let value = text.lines().filter_map(|line| line.split_once(": ")).find(|(name, _)| is_it(name));
        value.unwrap_or_else(|| panic!("HAProxy tells no spliced bytes:\n{text}")).1.parse().expect("a number")
    }
}

fn settings(port: u16, server: u16, statistics: &Path) -> String {
    format!(
        "global
            nbthread 1
            maxconn 100
            maxpipes 100
            stats socket {} mode 600
        defaults
            mode tcp
            timeout connect 10s
            timeout client 60s
            timeout server 60s
        listen proxy
            bind 127.0.0.1:{port}
            option splice-response
            server only 127.0.0.1:{server}\n",
        statistics.display()
    )
}
