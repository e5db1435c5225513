//! An event loop: one thread that waits for requests on several connections and answers each with a page.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    thread,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::{
    event::epoll::{CreateFlags, Event, EventData, EventFlags, add, create, wait},
    io::Errno,
};

use super::{Source, account::Account};
use crate::{
    model::Role,
    scratch::page_bytes,
    self_test::known::{KnownThread, KnownTurns},
};

/// Connections that the loop watches.
const CONNECTIONS: usize = 8;

/// How often all of them ask at once. So most waits find a request that is there already, and some sleep.
const ROUNDS: usize = 25;

/// Serves them all.
pub fn serve(source: &Source) -> Result<(KnownThread, KnownTurns)> {
    let pairs = (0..CONNECTIONS).map(|_| UnixStream::pair()).collect::<std::io::Result<Vec<_>>>();
    let (own, clients): (Vec<_>, Vec<_>) = pairs.context("cannot make connections")?.into_iter().unzip();
    thread::scope(|scope| {
        let server = scope.spawn(|| loop_of(source, &own));
        let asked = scope.spawn(move || ask(&clients));
        let served = server.join().map_err(|_| anyhow!("the event loop panicked"))?;
        asked.join().map_err(|_| anyhow!("the event loop's clients panicked"))?.and(served)
    })
}

fn loop_of(source: &Source, connections: &[UnixStream]) -> Result<(KnownThread, KnownTurns)> {
    let instance = create(CreateFlags::CLOEXEC).context("cannot make an epoll instance")?;
    for (number, connection) in (0..).zip(connections) {
        add(&instance, connection, EventData::new_u64(number), EventFlags::IN).context("cannot watch a connection")?;
    }
    let (mut account, mut turns) = (Account::new()?, KnownTurns::default());
    while turns.events < (ROUNDS * CONNECTIONS) as u64 {
        // One at a time: so the next wait finds the others.
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }];
        let came = match wait(&instance, &mut events[..], None) {
            Ok(came) => came,
            Err(Errno::INTR) => 0,
            Err(error) => return Err(error).context("cannot wait for requests"),
        };
        turns.waits += 1;
        turns.events += came as u64;
        for event in &events[..came] {
            let data = event.data;
            let mut connection = &connections[data.u64() as usize];
            connection.read_exact(&mut [0]).context("cannot read a request")?;
            account.send(&source.hot, None, 0, connection)?;
        }
    }
    let thread = account.of_thread(Role::EventLoop);
    turns.tid = Some(thread.tid);
    Ok((thread, turns))
}

fn ask(clients: &[UnixStream]) -> Result<()> {
    let mut page = vec![0; page_bytes() as usize];
    for _ in 0..ROUNDS {
        for mut client in clients {
            ensure!(client.write(&[1]).context("cannot ask the event loop")? == 1, "cannot ask the event loop");
        }
        for mut client in clients {
            client.read_exact(&mut page).context("no answer from the event loop")?;
        }
    }
    Ok(())
}
