//! A server with a thread for each connection: Python's `ThreadingHTTPServer`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::Ipv4Addr,
    path::Path,
};

use serde::Deserialize;
use tests::{
    agree::assert_agree,
    disk::{LoopDisk, ThrottledDisk},
    file_server::FileServer,
    http::Client,
    needs,
    os::page_cache::{PageCache, evict},
    tracer::Tracer,
};

const CLIENTS: u8 = 3;

/// Files that each client asks for, all of them cold.
const FILES: u64 = 40;
const FILE_BYTES: u64 = 16 << 10;

/// What the server says of itself.
#[derive(Deserialize)]
struct Account {
    /// The thread that accepts connections.
    accepts: u32,
    /// The others, by their ids.
    threads: BTreeMap<u32, ThreadAccount>,
}

#[derive(Deserialize)]
struct ThreadAccount {
    files: u64,
    sleeps: u64,
}

fn name(client: u8, file: u64) -> String {
    format!("cold-{client}-{file}.html")
}

/// Makes the files; none of their pages is in memory.
fn files(directory: &Path) {
    for (client, file) in (0..CLIENTS).flat_map(|client| (0..FILES).map(move |file| (client, file))) {
        let path = directory.join(name(client, file));
        fs::write(&path, vec![1; FILE_BYTES as usize]).expect("writing a cold file");
        let file = File::open(&path).expect("the cold file");
        evict(&file).expect("evicting the cold file");
        let cache = PageCache::of(&file).expect("the file's pages");
        assert!(!cache.cached(0..cache.pages()).contains(&true), "{} is in memory", path.display());
    }
}

/// Asks once: the interpreter may have to read in more of itself, and tables of types.
fn warm_up(directory: &Path, port: u16) {
    fs::write(directory.join("hot.html"), [1]).expect("writing the hot file");
    let mut client = Client::connect(Ipv4Addr::LOCALHOST, port).expect("a connection");
    client.get_whole("hot.html", 1).expect("the hot file");
}

#[test]
fn the_threads_of_a_python_server_wait_for_the_disk_and_the_one_that_accepts_does_not() {
    let _machine = needs!(Root, Python, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    files(disk.path());
    let server = FileServer::python(disk.path());
    let limit = ThrottledDisk::of_process(server.pid(), disk.path(), 60);
    let port = server.port();
    warm_up(disk.path(), port);
    let tracer = Tracer::of_process(server.pid());
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            scope.spawn(move || {
                let mut client = Client::connect(Ipv4Addr::new(127, 0, 0, 2 + number), port).expect("a connection");
                for file in 0..FILES {
                    client.get_whole(&name(number, file), FILE_BYTES).expect("a cold file");
                }
            });
        }
    });
    let seen = tracer.stop().recording;
    drop(limit);
    let account: Account = serde_json::from_str(&server.account()).expect("the server's account");
    assert_ne!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
    // It polls over a socket that listens.
    let [accepts] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    assert_eq!((accepts.tid, accepts.disk_waits), (account.accepts, 0));
    let readers: Vec<_> = account.threads.iter().filter(|(_, account)| account.files == FILES).collect();
    assert_eq!(readers.len(), usize::from(CLIENTS));
    for (tid, account) in readers {
        let thread = seen.threads.iter().find(|thread| thread.tid == *tid).expect("a thread that reads cold files");
        assert_eq!(thread.role, "worker");
        assert_agree("files", thread.disk_waits, FILES, 0.05, 0);
        // Behind a read it may have to wait for the interpreter's lock, too.
        assert!(thread.disk_waits <= account.sleeps, "{} of {} sleeps", thread.disk_waits, account.sleeps);
        assert!(thread.by_syscall.iter().all(|row| row.name == "read"), "{:?}", thread.by_syscall);
    }
}
