//! Calls on pages that are in memory or not, as mincore knows.

use std::{
    collections::VecDeque,
    fs::File,
    os::{
        fd::AsFd,
        unix::{fs::FileExt, net::UnixStream},
    },
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Result, ensure};
use clap::Args;
use tests::{
    os::{
        page_cache::{PAGE_BYTES, PageCache, evict, forbid_read_ahead},
        schedule::{become_nice, become_real_time},
    },
    truth::{CallTruth, ThreadTruth, Truth},
};

use crate::{
    crew::{Crew, this_thread},
    meter::{Call, Meter},
    out::{self, Channel, Sink},
    protocol, source,
};

/// How long no page may come before reads in flight count as ended.
const QUIET: Duration = Duration::from_millis(20);

/// What to do.
#[derive(Args, Clone)]
pub struct Options {
    /// Threads that work at the same time
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Calls by each thread, on ranges that do not overlap, in random order
    #[arg(long, default_value_t = 400)]
    calls: usize,
    /// Bytes a call, a multiple of the page size
    #[arg(long, default_value_t = PAGE_BYTES as usize)]
    bytes: usize,
    /// Length of the file
    #[arg(long, default_value_t = 64 << 20)]
    file_bytes: u64,
    /// Every so many-th call finds its range in memory; 0: none
    #[arg(long, default_value_t = 2)]
    hot_every: usize,
    /// Let the kernel read ahead; without it, it reads the pages asked for alone
    #[arg(long)]
    read_ahead: bool,
    /// Send one range after the other, not in random order
    #[arg(long)]
    in_order: bool,
    /// Take the pages that each call gains, once reads in flight have ended. Without it the next call follows at once
    #[arg(long)]
    gains: bool,
    /// Send into a socket that takes only a part of each range, and now and then nothing
    #[arg(long)]
    partial: bool,
    /// In the real-time class
    #[arg(long, conflicts_with = "nice")]
    real_time: bool,
    /// So nice to others that want the CPU, 0 to 19
    #[arg(long)]
    nice: Option<i32>,
}

/// Does it.
pub fn run(options: &Options, directory: &Path) -> Result<()> {
    ensure!((options.bytes as u64).is_multiple_of(PAGE_BYTES), "whole pages only");
    let file = Arc::new(source::hot(directory, "cold", options.file_bytes)?);
    evict(&file)?;
    if !options.read_ahead {
        forbid_read_ahead(&file)?;
    }
    let mut offsets = ranges(options)?;
    let mut pieces = Vec::new();
    for _ in 0..options.threads {
        let mine = offsets.drain(..options.calls).collect::<Vec<_>>();
        if options.hot_every > 0 {
            let mut block = vec![0; options.bytes];
            for offset in mine.iter().skip(options.hot_every - 1).step_by(options.hot_every) {
                file.read_exact_at(&mut block, *offset)?;
            }
        }
        let (options, file) = (options.clone(), Arc::clone(&file));
        pieces.push(move || calls(&options, &mine, &file));
    }
    let crew = Crew::assemble(pieces)?;
    protocol::ready("cold", crew.tids())?;
    let threads = crew.work()?;
    protocol::done(&Truth { threads })
}

/// Where the calls of all threads begin.
fn ranges(options: &Options) -> Result<VecDeque<u64>> {
    let slots = options.file_bytes / options.bytes as u64;
    let calls = options.calls * options.threads;
    ensure!(calls as u64 <= slots, "the file holds {slots} ranges, not {calls}");
    let mut offsets = (0..slots).map(|slot| slot * options.bytes as u64).collect::<Vec<_>>();
    if !options.in_order {
        shuffle(&mut offsets);
    }
    Ok(offsets.into())
}

/// The same order each time (Fisher-Yates over the xorshift generator).
fn shuffle(items: &mut [u64]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for index in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let other = state % (index as u64 + 1);
        items.swap(index, usize::try_from(other).expect("an index"));
    }
}

/// What each thread does.
fn calls(options: &Options, offsets: &[u64], file: &File) -> Result<ThreadTruth> {
    let cache = PageCache::of(file)?;
    if options.real_time {
        become_real_time()?;
    }
    if let Some(nice) = options.nice {
        become_nice(nice)?;
    }
    let meter = Meter::new()?;
    let null = Sink::open(out::Kind::Null)?;
    let socket = if options.partial { Some(small_socket()?) } else { None };
    let mut truth = this_thread()?;
    for (index, &offset) in offsets.iter().enumerate() {
        let out = match &socket {
            Some(socket) => socket.room.as_fd(),
            None => null.as_fd(),
        };
        let call = Call { source: file.as_fd(), out, offset, bytes: options.bytes };
        let first = usize::try_from(offset / PAGE_BYTES)?;
        let pages = first..first + options.bytes / PAGE_BYTES as usize;
        let cached_before = Some(!cache.cached(pages).contains(&false));
        let mut call = if options.gains {
            let before = cache.settled(QUIET)?;
            let call = meter.measure(call)?;
            with_gains(call, &before, &cache.settled(QUIET)?)
        } else {
            meter.measure(call)?
        };
        call.cached_before = cached_before;
        truth.count(call.returned);
        truth.each.push(call);
        // Every third call finds the socket as full as the last one left it.
        if let Some(socket) = &socket
            && index % 3 != 1
        {
            socket.empty()?;
        }
    }
    Ok(truth)
}

/// Counts the pages that came, inside and outside of the range that the call returned.
fn with_gains(call: CallTruth, before: &[bool], after: &[bool]) -> CallTruth {
    let returned = call.offset / PAGE_BYTES..call.end().div_ceil(PAGE_BYTES);
    let gained = (0_u64..).zip(before.iter().zip(after)).filter(|(_, (before, after))| !**before && **after);
    let (inside, outside): (Vec<u64>, Vec<u64>) =
        gained.map(|(page, _)| page).partition(|page| returned.contains(page));
    CallTruth { gained_inside: Some(inside.len() as u64), gained_outside: Some(outside.len() as u64), ..call }
}

/// A socket that does not block, with room for less than a range.
fn small_socket() -> Result<Channel> {
    let channel = Channel::open(out::Kind::Socket)?;
    rustix::net::sockopt::set_socket_send_buffer_size(&channel.room, 64 << 10)?;
    UnixStream::from(channel.room.try_clone()?).set_nonblocking(true)?;
    Ok(channel)
}
