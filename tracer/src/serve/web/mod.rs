//! The web server: a thread of its own, which reads the board and nothing else.

mod answer;
mod config;
mod connection;
mod guard;
mod tls;

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use anyhow::{Context as _, Result};
use tokio::{
    net::{TcpListener, UnixListener},
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
    time::sleep,
};

pub use self::config::WebConfig;
use self::{connection::Connections, guard::Guard, tls::Tls};
use super::{
    Board,
    listen::{Listening, SocketFile},
};
use crate::{confine, exit};

/// Connections at a time. Who comes then waits in the kernel's queue.
const MOST_CONNECTIONS: usize = 256;

/// How long requests that are being answered may take when the exporter ends.
const GRACE: Duration = Duration::from_secs(2);

/// How long the measurement may take to end after that.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long to wait after the kernel has refused a connection for want of descriptors or memory.
const REFUSED: Duration = Duration::from_millis(100);

/// The web server, which runs.
#[derive(Debug)]
pub struct Web {
    thread: JoinHandle<()>,
    /// Tells it that the measurement has ended.
    ended: watch::Sender<bool>,
}

impl Web {
    /// Serves what is on the board, until a signal comes: then the measurement is asked to end.
    ///
    /// # Errors
    /// If a certificate cannot be used, or the kernel refuses.
    pub fn start(listening: Listening, config: &WebConfig, board: Arc<Board>) -> Result<Self> {
        let guard = Arc::new(Guard::of(config));
        let tls = Tls::of(config)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .context("cannot start the web server")?;
        // Here, so that a signal that comes right after ends it in order.
        let (mut socket, signals) = {
            let _entered = runtime.enter();
            (Socket::of(listening).context("cannot listen")?, Signals::listen()?)
        };
        let (ended, has_ended) = watch::channel(false);
        let serve = move || {
            // Reading the board takes no right at all.
            confine::give_up_all_rights();
            let connections = Connections { board, guard, tls, room: Arc::new(Semaphore::new(MOST_CONNECTIONS)) };
            runtime.block_on(run(&mut socket, signals, connections, has_ended));
        };
        let thread =
            std::thread::Builder::new().name("web".into()).spawn(serve).context("cannot start the web server")?;
        Ok(Self { thread, ended })
    }

    /// The measurement has ended: so does the web server.
    pub fn finish(self) {
        let _ = self.ended.send(true);
        // A panic has been told.
        let _ = self.thread.join();
    }
}

async fn run(
    socket: &mut Socket,
    mut signals: Signals,
    connections: Connections,
    mut has_ended: watch::Receiver<bool>,
) {
    let board = Arc::clone(&connections.board);
    loop {
        tokio::select! {
            () = signals.received() => break,
            // An error: whoever would say so is gone.
            _ = has_ended.changed() => return connections.finish(GRACE).await,
            () = accept(socket, &connections) => {}
        }
    }
    board.stop.notify_one();
    connections.finish(GRACE).await;
    // One that waits for a target hears of nothing.
    if tokio::time::timeout(PATIENCE, has_ended.changed()).await.is_err() {
        socket.remove();
        std::process::exit(exit::OK.into());
    }
}

async fn accept(socket: &Socket, connections: &Connections) {
    let room = connections.has_room().await;
    match socket {
        Socket::Tcp(listener) => match listener.accept().await {
            Ok((stream, _)) => connections.serve(stream, room),
            Err(_) => sleep(REFUSED).await,
        },
        Socket::Unix(listener, _) => match listener.accept().await {
            Ok((stream, _)) => connections.serve(stream, room),
            Err(_) => sleep(REFUSED).await,
        },
    }
}

/// A socket of the runtime.
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, Option<SocketFile>),
}

impl Socket {
    fn of(listening: Listening) -> std::io::Result<Self> {
        Ok(match listening {
            Listening::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                Self::Tcp(TcpListener::from_std(listener)?)
            }
            Listening::Unix(listener, file) => {
                listener.set_nonblocking(true)?;
                Self::Unix(UnixListener::from_std(listener)?, file)
            }
        })
    }

    /// Removes its file.
    fn remove(&mut self) {
        if let Self::Unix(_, file) = self {
            *file = None;
        }
    }
}

/// The signals that end the exporter.
struct Signals([tokio::signal::unix::Signal; 2]);

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self([listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?]))
    }

    async fn received(&mut self) {
        let [interrupt, terminate] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
