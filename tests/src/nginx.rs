//! A real event-loop server: nginx with one worker.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    net::free_port,
    process::{Guarded, only_child},
    wait::soon,
};

/// A server of the files in one directory. Ends on drop.
pub struct Nginx {
    master: Guarded,
    worker: u32,
    port: u16,
    root: PathBuf,
}

impl Nginx {
    /// Starts one worker that serves `root`, with more settings of its `http` block. A log should be kept in memory:
    /// the worker would write to the disk.
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
        let worker = soon(|| only_child(master.pid()).ok().flatten()).expect("nginx starts its worker");
        soon(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()).expect("nginx listens");
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

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets the worker write out the logs that it keeps in memory, and reads one of them.
    ///
    /// # Panics
    /// If there are fewer lines than that.
    #[must_use]
    pub fn log(&self, name: &str, lines: usize) -> Vec<String> {
        let worker = Pid::from_raw(self.worker.cast_signed()).expect("a worker's id is above 0");
        kill_process(worker, Signal::USR1).expect("asking the worker for its logs");
        let path = self.root.join("nginx/logs").join(name);
        let read = || fs::read_to_string(&path).ok().filter(|text| text.lines().count() >= lines);
        let text = soon(read).unwrap_or_else(|| panic!("{} does not get its {lines} lines", path.display()));
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its worker, if it is asked and not killed.
        if self.master.is_running() {
            self.master.interrupt();
        }
        let _ = soon(|| (!self.master.is_running()).then_some(()));
    }
}

fn settings(root: &Path, port: u16, http: &str) -> String {
    format!(
        "daemon off; worker_processes 1; user root; pid logs/pid;
        events {{ worker_connections 512; }}
        http {{
            sendfile on; keepalive_requests 1000000; {http}
            client_body_temp_path logs/body; proxy_temp_path logs/proxy; fastcgi_temp_path logs/fastcgi;
            uwsgi_temp_path logs/uwsgi; scgi_temp_path logs/scgi;
            server {{ listen 127.0.0.1:{port}; root {}; }}
        }}
        ",
        root.display()
    )
}
