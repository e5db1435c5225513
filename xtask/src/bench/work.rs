//! The work that is measured: a process that makes calls in batches and times each batch itself.
//!
//! Batches are timed by the CPU time of those who work: other programs on the machine take turns with them, but
//! their time is not in it. What eBPF programs do is: they run on the account of the task that they interrupt.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fs::sendfile;
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Bytes that one sendfile copies.
const SENDFILE_BYTES: usize = 4096;

/// What is done over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// sendfile of 4 KiB that are in the page cache, to /dev/null.
    Sendfile,
    /// Another system call, as short as any.
    Getppid,
    /// A byte to and fro between two processes on one CPU: each way is a context switch.
    Switch,
    /// A turn of an event loop, of which some connection is always ready: it never sleeps.
    ReadyTurn,
    /// A turn of an event loop that sleeps until the other process sends it a byte, which it gives back.
    SleptTurn,
}

impl Work {
    /// Calls, or context switches, in a batch: so many that reading the clocks does not show, and so few that now
    /// and then a batch passes undisturbed.
    pub fn batch(self) -> u32 {
        match self {
            Self::Sendfile | Self::Getppid | Self::ReadyTurn => 10_000,
            Self::Switch | Self::SleptTurn => 2_500,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Sendfile => "sendfile",
            Self::Getppid => "getppid",
            Self::Switch => "switch",
            Self::ReadyTurn => "ready-turn",
            Self::SleptTurn => "slept-turn",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Sendfile, Self::Getppid, Self::Switch, Self::ReadyTurn, Self::SleptTurn]
            .into_iter()
            .find(|work| work.word() == word)
    }
}

/// A working process, driven through its standard input and output.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// `file` is what it sends.
    pub fn start(file: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe().context("cannot find this program")?)
            .arg("bench-worker")
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a worker")?;
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("a worker without an output")?);
        Ok(Self { child, orders, answers })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// ns per call, or per context switch, of each of `batches` batches.
    pub fn batches(&mut self, work: Work, batches: u32) -> Result<Vec<f64>> {
        let orders = self.orders.as_mut().context("the worker has been ended")?;
        writeln!(orders, "{} {batches}", work.word()).context("the worker has gone")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).context("the worker has gone")?;
        let batch_ns: Vec<u64> =
            answer.split_whitespace().map(str::parse).collect::<Result<_, _>>().context("the worker talks nonsense")?;
        ensure!(batch_ns.len() == batches as usize, "the worker failed: {answer:?}");
        Ok(batch_ns.iter().map(|&ns| ns as f64 / f64::from(work.batch())).collect())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It ends when nobody can give it orders any more.
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

/// What the worker and its partner are started with.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file to send; without it this is the partner, which gives back each byte that it gets.
    file: Option<PathBuf>,
}

/// The worker's own side.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Some(file) = &arguments.file else { return give_back() };
    // All on one CPU, the partner too, which inherits it: so each byte is a context switch.
    sched_setaffinity(None, &last_cpu()?).context("cannot stay on one CPU")?;
    let mut bench = Bench::new(file)?;
    let mut answers = io::stdout().lock();
    for order in io::stdin().lock().lines() {
        let order = order.context("cannot read an order")?;
        let (work, batches) = order
            .split_once(' ')
            .and_then(|(word, batches)| Some((Work::parse(word)?, batches.parse::<u32>().ok()?)))
            .with_context(|| format!("not an order: {order:?}"))?;
        let batch_ns: Vec<_> =
            (0..batches).map(|_| bench.batch(work).map(|ns| ns.to_string())).collect::<Result<_>>()?;
        writeln!(answers, "{}", batch_ns.join(" ")).context("cannot answer")?;
    }
    Ok(())
}

struct Bench {
    file: File,
    null: File,
    partner: Child,
    to_partner: ChildStdin,
    from_partner: ChildStdout,
    ready: Instance,
    slept: Instance,
}

/// An epoll instance, with connections to keep.
struct Instance {
    epoll: OwnedFd,
    _connections: Vec<(UnixStream, UnixStream)>,
}

impl Instance {
    /// Watches two connections, ready or not.
    fn new(are_ready: bool) -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).context("cannot make an epoll instance")?;
        let mut connections = Vec::new();
        for number in 0..2 {
            let (watched, other) = UnixStream::pair().context("cannot make a connection")?;
            epoll::add(&epoll, &watched, EventData::new_u64(number), EventFlags::IN)?;
            if are_ready {
                (&other).write_all(b".")?;
            }
            connections.push((watched, other));
        }
        Ok(Self { epoll, _connections: connections })
    }

    fn wait(&self) -> Result<()> {
        let mut events = [MaybeUninit::uninit(); 4];
        let (events, _) = epoll::wait(&self.epoll, &mut events[..], None)?;
        ensure!(!events.is_empty(), "an event loop woke up for nothing");
        Ok(())
    }
}

impl Bench {
    fn new(file: &Path) -> Result<Self> {
        let mut partner = Command::new(std::env::current_exe().context("cannot find this program")?)
            .arg("bench-worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the partner")?;
        let to_partner = partner.stdin.take().context("a partner without an input")?;
        let from_partner = partner.stdout.take().context("a partner without an output")?;
        let slept = Instance::new(false)?;
        epoll::add(&slept.epoll, &from_partner, EventData::new_u64(9), EventFlags::IN)?;
        Ok(Self {
            ready: Instance::new(true)?,
            slept,
            file: File::open(file).with_context(|| format!("cannot open {}", file.display()))?,
            null: File::options().write(true).open("/dev/null").context("cannot open /dev/null")?,
            partner,
            to_partner,
            from_partner,
        })
    }

    /// CPU time of one batch, ns.
    fn batch(&mut self, work: Work) -> Result<u64> {
        match work {
            Work::Sendfile => timed(own_cpu_time_ns, || {
                for _ in 0..work.batch() {
                    let sent = sendfile(&self.null, &self.file, Some(&mut 0), SENDFILE_BYTES)?;
                    ensure!(sent == SENDFILE_BYTES, "sendfile sent {sent} bytes");
                }
                Ok(())
            }),
            Work::Getppid => timed(own_cpu_time_ns, || {
                for _ in 0..work.batch() {
                    std::hint::black_box(rustix::process::getppid());
                }
                Ok(())
            }),
            Work::Switch => self.timed_with_partner(|bench| {
                for _ in 0..work.batch() / 2 {
                    bench.to_partner.write_all(b".")?;
                    bench.from_partner.read_exact(&mut [0])?;
                }
                Ok(())
            }),
            Work::ReadyTurn => timed(own_cpu_time_ns, || (0..work.batch()).try_for_each(|_| self.ready.wait())),
            Work::SleptTurn => self.timed_with_partner(|bench| {
                for _ in 0..work.batch() {
                    bench.to_partner.write_all(b".")?;
                    bench.slept.wait()?;
                    bench.from_partner.read_exact(&mut [0])?;
                }
                Ok(())
            }),
        }
    }
}

impl Bench {
    /// CPU time of both processes.
    fn timed_with_partner(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<u64> {
        let partner = self.partner.id();
        timed(|| Ok(own_cpu_time_ns()? + cpu_time_ns(partner)?), || work(self))
    }
}

fn timed(clock_ns: impl Fn() -> Result<u64>, work: impl FnOnce() -> Result<()>) -> Result<u64> {
    let start_ns = clock_ns()?;
    work()?;
    Ok(clock_ns()? - start_ns)
}

fn own_cpu_time_ns() -> Result<u64> {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Ok(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// CPU time of another process of one thread that does not run just now.
fn cpu_time_ns(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/schedstat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let first = text.split_whitespace().next().and_then(|word| word.parse().ok());
    first.with_context(|| format!("{path} holds no CPU time"))
}

fn give_back() -> Result<()> {
    never_preempt().context("cannot become a batch process")?;
    let (mut from, mut to) = (io::stdin().lock(), io::stdout().lock());
    let mut byte = [0];
    while from.read(&mut byte)? == 1 {
        to.write_all(&byte)?;
        to.flush()?;
    }
    Ok(())
}

/// Makes this process one that preempts nobody when it is woken (sched(7), `SCHED_BATCH`): else it may have given the byte
/// back before the worker waits for it, which then does not sleep.
fn never_preempt() -> io::Result<()> {
    // SAFETY: all 0 is the only priority that the policy has.
    let parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live value of the type that the call wants.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameters) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The last CPU that this process may run on: the first ones get most interrupts.
fn last_cpu() -> Result<CpuSet> {
    let allowed = rustix::thread::sched_getaffinity(None).context("cannot ask for the CPUs")?;
    let Some(last) = (0..CpuSet::MAX_CPU).rev().find(|&cpu| allowed.is_set(cpu)) else { bail!("no CPU to run on") };
    let mut cpus = CpuSet::new();
    cpus.set(last);
    Ok(cpus)
}
