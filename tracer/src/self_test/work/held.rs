//! Calls that find a socket full, to which somebody makes room after a while.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    os::unix::net::UnixStream,
    sync::mpsc,
    thread::{self, sleep},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};
use rustix::net::sockopt::set_socket_send_buffer_size;

use super::{Source, account::Account, worker};
use crate::self_test::known::KnownThread;

/// How many.
const CALLS: usize = 20;

/// How long each waits, or longer.
const HOLD: Duration = Duration::from_millis(2);

/// Room in the socket, bytes.
const ROOM: usize = 16 << 10;

/// Makes them.
pub fn held_up(source: &Source) -> Result<KnownThread> {
    let (sender, receiver) = UnixStream::pair().context("cannot make a socket")?;
    set_socket_send_buffer_size(&sender, ROOM).context("cannot make a socket smaller")?;
    receiver.set_nonblocking(true)?;
    let (call, calls) = mpsc::channel::<()>();
    let (made_room, room) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let receiver = &receiver;
        // Makes room a while after each call is announced.
        scope.spawn(move || {
            while calls.recv().is_ok() {
                sleep(HOLD);
                empty(receiver);
                if made_room.send(()).is_err() {
                    break;
                }
            }
        });
        let caller = scope.spawn(move || -> Result<KnownThread> {
            let mut account = Account::new()?;
            for _ in 0..CALLS {
                sender.set_nonblocking(true)?;
                fill(&sender)?;
                sender.set_nonblocking(false)?;
                call.send(()).context("nobody makes room")?;
                account.send(&source.hot, None, 0, &sender)?;
                // Otherwise the socket would be emptied while it is filled for the next call.
                room.recv().context("nobody makes room")?;
            }
            Ok(worker(account))
        });
        caller.join().map_err(|_| anyhow!("a thread of the known work panicked"))?
    })
}

fn fill(mut sender: &UnixStream) -> Result<()> {
    loop {
        match sender.write(&[0; 4096]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("cannot fill a socket"),
        }
    }
}

fn empty(mut receiver: &UnixStream) {
    let mut bytes = [0; 4096];
    while receiver.read(&mut bytes).is_ok_and(|read| read > 0) {}
}
