//! A real event-loop server: nginx with one worker.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::{
    net::{connect_from, free_port},
    process::Guarded,
    wait::until,
};

/// For its start, and for its end.
const START: Duration = Duration::from_secs(10);

/// A server of the files in one directory. Ends on drop.
pub struct Nginx {
    master: Guarded,
    worker: u32,
    port: u16,
    root: PathBuf,
}

impl Nginx {
    /// Starts one worker that serves `root`, with more settings of its `http` block.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn serving(root: &Path, http: &str) -> Self {
        let port = free_port();
        let prefix = root.join("nginx");
        fs::create_dir_all(prefix.join("logs")).expect("making nginx' directories");
        let configuration = prefix.join("nginx.conf");
        fs::write(&configuration, settings(root, port, http)).expect("writing nginx' configuration");
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&prefix).arg("-c").arg(&configuration).args(["-e", "logs/error.log"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let master = Guarded::new(command.spawn().expect("starting nginx"));
        let worker = until(START, || worker_of(master.pid()).ok().flatten()).expect("nginx starts its worker");
        until(START, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()).expect("nginx listens");
        Self { master, worker, port, root: root.to_owned() }
    }

    /// Process id of the worker.
    #[must_use]
    pub fn worker(&self) -> u32 {
        self.worker
    }

    /// The directory that it serves.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A connection from `host`, an address of the loopback network.
    ///
    /// # Errors
    /// If there is none to be had.
    pub fn client(&self, host: Ipv4Addr) -> Result<Client> {
        connect_from(host, self.port).map(Client)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its worker, if it is asked and not killed.
        if self.master.is_running() {
            self.master.interrupt();
        }
        let _ = until(START, || (!self.master.is_running()).then_some(()));
    }
}

fn settings(root: &Path, port: u16, http: &str) -> String {
    format!(
        "daemon off; worker_processes 1; user root; pid logs/pid;
        events {{ worker_connections 512; }}
        http {{
            access_log off; sendfile on; keepalive_requests 1000000; {http}
            client_body_temp_path logs/body; proxy_temp_path logs/proxy; fastcgi_temp_path logs/fastcgi;
            uwsgi_temp_path logs/uwsgi; scgi_temp_path logs/scgi;
            server {{ listen 127.0.0.1:{port}; root {}; }}
        }}
        ",
        root.display()
    )
}

/// The one child of nginx' master process.
fn worker_of(master: u32) -> Result<Option<u32>> {
    let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
    Ok(children.split_whitespace().next().map(str::parse).transpose()?)
}

/// A connection that is kept.
pub struct Client(TcpStream);

impl Client {
    /// Asks for `length` bytes of a file from `offset` on, and takes them.
    ///
    /// # Errors
    /// If the answer is another one.
    pub fn get(&mut self, name: &str, offset: u64, length: u64) -> Result<()> {
        let last = offset + length - 1;
        let request = format!("GET /{name} HTTP/1.1\r\nHost: test\r\nRange: bytes={offset}-{last}\r\n\r\n");
        // In one piece: the kernel holds back the second of two small ones.
        self.0.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        let mut block = vec![0; 1 << 16];
        let mut body_from = None;
        loop {
            let count = self.0.read(&mut block).context("reading nginx' answer")?;
            ensure!(count > 0, "nginx closed the connection");
            answer.extend_from_slice(&block[..count]);
            body_from = body_from.or_else(|| answer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4));
            if body_from.is_some_and(|from| answer.len() >= from + length as usize) {
                break;
            }
        }
        let status = String::from_utf8_lossy(&answer[..answer.len().min(16)]).into_owned();
        ensure!(status.starts_with("HTTP/1.1 206"), "nginx answered {status}");
        Ok(())
    }
}
