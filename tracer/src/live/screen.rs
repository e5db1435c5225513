//! The thread that has the terminal while the window is open: reads the keys, draws, stops and continues with the job.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crossterm::event::KeyEvent;
use rustix::process::{Signal, getpid, kill_process};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::Receiver,
    task::{JoinError, JoinHandle},
    time::interval,
};

use super::{
    draw,
    input::Input,
    keys::{Command, command},
    observer::{Shared, Update},
    seen::Seen,
    terminal::{self, Drawn},
    view::View,
};
use crate::{
    analysis,
    snapshot::{CallData, Snapshot},
    stderr,
};

/// How often it is looked whether there is something to draw that can wait, or another size to draw it in.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Shows what comes, until nothing comes any more.
///
/// # Errors
/// If the terminal fails.
pub fn run(updates: Receiver<Update>, shared: &Arc<Shared>, view: View) -> io::Result<()> {
    // Until the terminal has been given back: in this order they are dropped.
    let _held = stderr::hold();
    let _given_back = GivenBack;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async { Screen::open(shared, view)?.follow(updates).await });
    // Without waiting for a recording that nobody will look at.
    runtime.shutdown_background();
    ended
}

/// Gives the terminal back.
struct GivenBack;

impl Drop for GivenBack {
    fn drop(&mut self) {
        terminal::give_back();
        if std::thread::panicking() {
            stderr::say("tracer: the live view has failed; the measurement goes on without it, Ctrl-C ends it");
        }
    }
}

struct Screen<'a> {
    shared: &'a Arc<Shared>,
    view: View,
    terminal: Drawn,
    /// The keys, while the terminal is ours.
    input: Option<Input>,
    latest: Option<Seen>,
    /// What was shown when the view was paused.
    held: Option<Seen>,
    /// When the window opened, CLOCK_MONOTONIC.
    opened_ns: u64,
    /// Calls that came before the first recording.
    early: Vec<CallData>,
    analysis: Option<JoinHandle<Seen>>,
    /// Whether what was drawn last is out of date.
    is_stale: bool,
    /// Whether the job was stopped, and has not been continued yet.
    is_stopped: bool,
    frames: u64,
}

impl<'a> Screen<'a> {
    fn open(shared: &'a Arc<Shared>, view: View) -> io::Result<Self> {
        crossterm::style::force_color_output(view.color);
        let mut screen = Self {
            shared,
            view,
            terminal: terminal::drawn()?,
            input: None,
            latest: None,
            held: None,
            opened_ns: 0,
            early: Vec::new(),
            analysis: None,
            is_stale: false,
            is_stopped: false,
            frames: 0,
        };
        screen.take()?;
        Ok(screen)
    }

    /// Takes the terminal, unless the job is in the background.
    fn take(&mut self) -> io::Result<()> {
        if terminal::is_in_foreground() {
            terminal::take()?;
            self.input = Some(Input::open()?);
            // Draws all anew. Its own way to do so asks the terminal for the cursor, and waits for the answer.
            let size = self.terminal.size()?;
            self.terminal.resize(size.into())?;
            self.draw()?;
        }
        Ok(())
    }

    async fn follow(mut self, mut updates: Receiver<Update>) -> io::Result<()> {
        let mut stops = signal(SignalKind::from_raw(libc::SIGTSTP))?;
        let mut continues = signal(SignalKind::from_raw(libc::SIGCONT))?;
        let mut looks = interval(LOOK_INTERVAL);
        loop {
            tokio::select! {
                key = next_key(&mut self.input) => match key {
                    Some(key) => self.take_key(&key)?,
                    // The terminal is gone: its SIGHUP ends the window, unless a command is to outlive it.
                    None => self.input = None,
                },
                update = updates.recv() => match update {
                    Some(update) => self.take_update(update),
                    None => return Ok(()),
                },
                seen = done(&mut self.analysis) => {
                    self.analysis = None;
                    match seen {
                        Ok(seen) => self.renew(seen)?,
                        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
                    }
                }
                _ = stops.recv() => self.stop()?,
                _ = continues.recv() => self.go_on()?,
                _ = looks.tick() => self.look()?,
            }
        }
    }

    /// Stops as Ctrl-Z stops any other program, with the terminal as it was. This thread may run on for a moment.
    fn stop(&mut self) -> io::Result<()> {
        self.input = None;
        terminal::give_back();
        self.is_stopped = true;
        Ok(kill_process(getpid(), Signal::STOP)?)
    }

    fn go_on(&mut self) -> io::Result<()> {
        self.is_stopped = false;
        self.take()
    }

    /// Draws what could wait. A command that is measured has the signal that tells of another size.
    fn look(&mut self) -> io::Result<()> {
        if self.input.is_none() {
            return if self.is_stopped { Ok(()) } else { self.take() };
        }
        let area = self.terminal.get_frame().area();
        if self.is_stale || self.terminal.size()? != area.as_size() {
            self.draw()?;
        }
        Ok(())
    }

    fn take_key(&mut self, key: &KeyEvent) -> io::Result<()> {
        if let Some(command) = command(key, self.view.is_writing) {
            if command == Command::Quit {
                self.shared.stop.notify_one();
            }
            let shown = self.held.as_ref().or(self.latest.as_ref());
            let Some(shown) = shown else { return Ok(()) };
            self.view.apply(command, shown);
            if command == Command::Pause {
                self.held = if self.view.is_paused { self.latest.clone() } else { None };
            }
        }
        self.draw()
    }

    fn take_update(&mut self, update: Update) {
        match update {
            Update::Snapshot(snapshot) => {
                self.opened_ns = snapshot.opened_ns;
                // Keys must not wait until a recording of ten thousand threads has been made.
                let shared = Arc::clone(self.shared);
                self.analysis = Some(tokio::task::spawn_blocking(move || analysed(&snapshot, &shared)));
            }
            Update::Calls(calls) => match &mut self.latest {
                Some(seen) => {
                    seen.add_calls(&calls, self.opened_ns);
                    self.is_stale = true;
                }
                None => self.early.extend(calls),
            },
        }
    }

    fn renew(&mut self, newer: Seen) -> io::Result<()> {
        match &mut self.latest {
            Some(seen) => seen.renew(newer),
            None => self.latest = Some(newer),
        }
        if let Some(seen) = &mut self.latest {
            seen.add_calls(&std::mem::take(&mut self.early), self.opened_ns);
        }
        self.draw()
    }

    fn draw(&mut self) -> io::Result<()> {
        let Some(seen) = self.held.as_ref().or(self.latest.as_ref()) else { return Ok(()) };
        if self.input.is_none() {
            return Ok(());
        }
        self.frames += 1;
        if cfg!(feature = "harm-view-panics") && self.frames == 3 {
            panic!("the view was made to panic");
        }
        self.terminal.draw(|frame| draw(seen, &self.view, frame))?;
        self.is_stale = false;
        Ok(())
    }
}

fn analysed(snapshot: &Snapshot, shared: &Shared) -> Seen {
    let began = Instant::now();
    let seen = Seen::of(analysis::recording(snapshot));
    shared.analysed_ns.store(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    shared.is_busy.store(false, Ordering::Release);
    seen
}

async fn next_key(input: &mut Option<Input>) -> Option<KeyEvent> {
    match input {
        Some(input) => input.next().await,
        None => std::future::pending().await,
    }
}

async fn done(analysis: &mut Option<JoinHandle<Seen>>) -> Result<Seen, JoinError> {
    match analysis {
        Some(analysis) => analysis.await,
        None => std::future::pending().await,
    }
}
