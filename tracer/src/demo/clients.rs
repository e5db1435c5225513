//! The clients: many that ask for the warm file at a steady pace, and one that asks for cold pages.

mod asked;
mod cold;
mod request;
mod warm;

use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

pub use self::warm::{WARM_BYTES_PER_REQUEST, WARM_CONNECTIONS, WARM_REQUESTS_PER_SECOND};
use crate::model::Histogram;
use crate::scratch::word;

/// No answer for this long is a failure; even a throttled disk is faster.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Connected and silent.
#[derive(Debug)]
pub struct Clients {
    address: SocketAddr,
    warm: Vec<TcpStream>,
    cold: TcpStream,
}

/// The clients at work, each kind in a thread. Dropped, they stop by themselves.
#[derive(Debug)]
pub struct Load {
    warm: Client,
    cold: Client,
}

#[derive(Debug)]
struct Client {
    /// Never sent on: the client stops when this is dropped.
    stop: Sender<()>,
    thread: JoinHandle<Result<Histogram>>,
}

impl Clients {
    /// Connects them all.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let connect = || -> Result<TcpStream> {
            let stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN).context("cannot connect a client")?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        Ok(Self { address, warm: (0..WARM_CONNECTIONS).map(|_| connect()).collect::<Result<_>>()?, cold: connect()? })
    }

    /// Lets them go; the cold one asks once per `cold_period`, give or take a quarter.
    pub fn begin(self, cold_period: Duration) -> Result<Load> {
        let Self { address, warm, cold } = self;
        Ok(Load {
            warm: Client::start("demo-warm", move |stop| warm::ask(address, warm, &stop))?,
            cold: Client::start("demo-cold", move |stop| cold::ask(address, cold, cold_period, &stop))?,
        })
    }
}

impl Load {
    /// Lets the requests in flight be answered and ends. Gives the latencies of the warm and the cold ones.
    pub fn end(self) -> Result<(Histogram, Histogram)> {
        let Self { warm, cold } = self;
        // Both are told before either is waited for.
        drop((warm.stop, cold.stop));
        let [warm, cold] = [warm.thread, cold.thread]
            .map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("its thread panicked"))));
        Ok((warm.context("the demo's warm clients failed")?, cold.context("the demo's cold client failed")?))
    }
}

impl Client {
    fn start(name: &str, work: impl FnOnce(Receiver<()>) -> Result<Histogram> + Send + 'static) -> Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name(name.into()).spawn(move || work(stopped));
        Ok(Self { stop, thread: thread.context("cannot start a client thread")? })
    }
}

/// A period give or take a quarter, for the `n`-th request, so that the clients do not march in step.
fn spread(period: Duration, n: u64) -> Duration {
    let share = (word(n) >> 32) as f64 / f64::from(u32::MAX);
    period.mul_f64(0.75 + share / 2.0)
}
