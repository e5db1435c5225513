//! Two threads that take events from one epoll instance.

use std::{io::Write as _, os::unix::net::UnixStream, sync::Barrier, thread};

use anyhow::{Context as _, Result, anyhow};
use rustix::{
    event::epoll::{CreateFlags, Event, EventData, EventFlags, add, create, wait},
    io::Errno,
};

use super::{Source, account::Account};
use crate::{model::Role, self_test::known::KnownThread};

/// Threads, and connections for each.
const THREADS: usize = 2;
const CONNECTIONS: usize = 4;

/// Lets each thread take as many events as the other.
pub fn share_events(source: &Source) -> Result<Vec<KnownThread>> {
    let instance = create(CreateFlags::CLOEXEC).context("cannot make an epoll instance")?;
    let pairs = (0..THREADS * CONNECTIONS).map(|_| UnixStream::pair()).collect::<std::io::Result<Vec<_>>>();
    let (own, clients): (Vec<_>, Vec<_>) = pairs.context("cannot make connections")?.into_iter().unzip();
    for (number, connection) in (0..).zip(&own) {
        // Each tells once.
        let flags = EventFlags::IN | EventFlags::ONESHOT;
        add(&instance, connection, EventData::new_u64(number), flags).context("cannot watch a connection")?;
    }
    for mut client in &clients {
        client.write_all(&[1]).context("cannot write to a connection")?;
    }
    // Nobody takes the next event before all have taken theirs. Whoever fails would leave the others waiting, so nothing in
    // between can: what came of it is told at the end.
    let barrier = Barrier::new(THREADS);
    let poll = || -> Result<KnownThread> {
        let mut account = Account::new();
        let mut failed = None;
        for _ in 0..CONNECTIONS {
            let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }];
            let came = loop {
                match wait(&instance, &mut events[..], None) {
                    Err(Errno::INTR) => {}
                    came => break came,
                }
            };
            let data = events[0].data;
            let sent = match (&mut account, came) {
                (Ok(account), Ok(1)) => account.send(&source.hot, None, 0, &own[data.u64() as usize]),
                _ => Err(anyhow!("cannot wait for events")),
            };
            failed = failed.or(sent.err());
            barrier.wait();
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(account?.of_thread(Role::Poller)),
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(poll)).collect();
        let joined = threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a poller panicked"))?);
        joined.collect()
    })
}
