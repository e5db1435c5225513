//! nginx with a file that is in memory and one that the disk gives slowly; and with nothing to do.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use tests::{
    disk::{LoopDisk, ThrottledDisk},
    http::Client,
    nginx::Nginx,
    os::page_cache::evict,
};

use crate::{MOST_BYTES, MOST_BYTES_LONG, Scene};

/// Bytes of a request, and from one to the next in the cold file: too far for the kernel to read ahead.
const RANGE: u64 = 16 << 10;
const STRIDE: u64 = 2 << 20;
const COLD_REQUESTS: u64 = 40;

const READS_PER_SECOND: u32 = 60;

/// Requests of the cold file one right after the other, in the minute.
const BURST: u64 = 5;

/// As long as the live view looks back.
const MINUTE: Duration = Duration::from_secs(56);

pub fn record(folder: &Path) -> Result<()> {
    let disk = LoopDisk::mount();
    fs::write(disk.path().join("hot.html"), vec![1; RANGE as usize])?;
    for name in ["cold.html", "archive.html"] {
        let cold = disk.path().join(name);
        fs::write(&cold, vec![2; ((COLD_REQUESTS + 1) * STRIDE) as usize])?;
        evict(&File::open(&cold)?)?;
    }
    let nginx = Nginx::serving(disk.path(), "access_log off;");
    let neutral = [(disk.path(), "/srv/www")];
    let scene = |name| Scene { name, host: "web-1", neutral: &neutral, most_bytes: MOST_BYTES };
    // The program's own code is read in now.
    ask("hot.html", Ipv4Addr::LOCALHOST, &nginx, [0])?;
    ask("cold.html", Ipv4Addr::LOCALHOST, &nginx, [COLD_REQUESTS * STRIDE])?;

    scene("nginx-idle")
        .record(folder, "sendfile", nginx.worker(), "", || thread::sleep(Duration::from_millis(1500)))?;
    scene("nginx-hot").record(folder, "sendfile", nginx.worker(), "", || hot(&nginx, Duration::from_secs(2)))?;
    let limit = ThrottledDisk::of_process(nginx.worker(), disk.path(), READS_PER_SECOND);
    let options = "--with pagecache --stacks";
    scene("nginx-cold").record(folder, "sendfile", nginx.worker(), options, || {
        thread::scope(|scope| {
            scope.spawn(|| hot(&nginx, Duration::from_secs(2)));
            let offsets = (0..COLD_REQUESTS).map(|request| request * STRIDE);
            ask("cold.html", Ipv4Addr::new(127, 0, 0, 3), &nginx, offsets).expect("the cold file");
        });
    })?;
    drop(limit);
    let _limit = ThrottledDisk::of_process(nginx.worker(), disk.path(), READS_PER_SECOND / 6);
    let minute = Scene { most_bytes: MOST_BYTES_LONG, ..scene("nginx-minute") };
    minute.record(folder, "sendfile", nginx.worker(), "", || {
        thread::scope(|scope| {
            scope.spawn(|| hot(&nginx, MINUTE));
            thread::sleep(MINUTE / 4);
            let offsets = (0..COLD_REQUESTS).map(|request| {
                if request % BURST == 0 {
                    thread::sleep(MINUTE / 2 / (COLD_REQUESTS / BURST) as u32);
                }
                request * STRIDE
            });
            ask("archive.html", Ipv4Addr::new(127, 0, 0, 3), &nginx, offsets).expect("the cold file");
        });
    })
}

fn ask(file: &str, host: Ipv4Addr, nginx: &Nginx, offsets: impl IntoIterator<Item = u64>) -> Result<()> {
    let mut client = Client::connect(host, nginx.port())?;
    offsets.into_iter().try_for_each(|offset| client.get(file, offset, RANGE))
}

/// A client that asks for the hot file a thousand times a second.
fn hot(nginx: &Nginx, time: Duration) {
    let end = Instant::now() + time;
    let mut client = Client::connect(Ipv4Addr::new(127, 0, 0, 2), nginx.port()).expect("a connection");
    while Instant::now() < end {
        client.get("hot.html", 0, RANGE).expect("the hot file");
        thread::sleep(Duration::from_millis(1));
    }
}
