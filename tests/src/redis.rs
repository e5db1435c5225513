//! Redis, which waits for its journal before it answers, if it is told to.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{
    net::{connect_from, free_port},
    process::Guarded,
    wait::soon,
};

/// The server under another name: what it is goes by the first argument.
pub(crate) const PROGRAM: &str = "redis-check-rdb";

/// A server that writes each change to its journal and waits for it. Ends on drop.
pub struct Redis {
    child: Guarded,
    port: u16,
}

impl Redis {
    /// Starts it with its files in `directory`.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn that_syncs_always(directory: &Path) -> Self {
        let port = free_port();
        let mut command = Command::new(PROGRAM);
        command.arg0("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "yes"]);
        command.args(["--appendfsync", "always"]).arg("--dir").arg(directory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = Guarded::new(command.spawn().expect("starting Redis"));
        soon(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()).expect("Redis listens");
        Self { child, port }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// A connection to it.
    ///
    /// # Panics
    /// If there is none to be had.
    #[must_use]
    pub fn client(&self) -> Client {
        let stream = connect_from(Ipv4Addr::LOCALHOST, self.port).expect("a connection to Redis");
        Client(BufReader::new(stream))
    }
}

/// A connection.
pub struct Client(BufReader<TcpStream>);

impl Client {
    /// Sets a key, and waits for the answer.
    ///
    /// # Errors
    /// If the answer is another one.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        self.say(&format!("SET {key} {value}\r\n"))?;
        let answer = self.line()?;
        ensure!(answer == "+OK", "Redis answered {answer}");
        Ok(())
    }

    /// How often a command has been carried out, by the server's own account (`INFO commandstats`).
    ///
    /// # Errors
    /// If the answer has another form.
    pub fn calls_of(&mut self, command: &str) -> Result<u64> {
        self.say("INFO commandstats\r\n")?;
        let length = self.line()?;
        let length: usize = length.trim_start_matches('$').parse().with_context(|| format!("Redis says {length}"))?;
        let mut text = vec![0; length + 2];
        self.0.read_exact(&mut text)?;
        let text = String::from_utf8(text)?;
        let Some(line) = text.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls="))) else {
            return Ok(0);
        };
        Ok(line.split(',').next().context("a number of calls")?.parse()?)
    }

    fn say(&mut self, text: &str) -> Result<()> {
        Ok(self.0.get_mut().write_all(text.as_bytes())?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).context("reading Redis' answer")?;
        Ok(line.trim_end().to_owned())
    }
}
