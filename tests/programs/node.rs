//! Node.js, which reads files in its event loop or beside it, as its program says.

use std::{
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
    os::page_cache::{PAGE_BYTES, evict},
    recording::{NamedThread, Recording},
    tracer::Tracer,
};

const FILES: u64 = 60;
const FILE_BYTES: u64 = 16 << 10;

/// What the server says of itself.
#[derive(Deserialize)]
struct Account {
    files: u64,
    bytes: u64,
}

fn name(file: u64) -> String {
    format!("cold-{file}.html")
}

/// Makes the files; none of their pages is in memory.
fn files(directory: &Path) {
    for file in 0..FILES {
        let path = directory.join(name(file));
        fs::write(&path, vec![1; FILE_BYTES as usize]).expect("writing a cold file");
        evict(&File::open(&path).expect("the cold file")).expect("evicting the cold file");
    }
    fs::write(directory.join("hot.html"), [1]).expect("writing the hot file");
}

/// Lets a client ask for each cold file while tracer watches the server, which must have answered with all of them.
fn watch(server: FileServer, directory: &Path) -> Recording {
    let limit = ThrottledDisk::of_process(server.pid(), directory, 60);
    let mut client = Client::connect(Ipv4Addr::LOCALHOST, server.port()).expect("a connection");
    // The interpreter reads in more of itself at first.
    for _ in 0..3 {
        client.get_whole("hot.html", 1).expect("the hot file");
    }
    let tracer = Tracer::start("pagecache", &format!("--pid {}", server.pid()));
    for file in 0..FILES {
        client.get_whole(&name(file), FILE_BYTES).expect("a cold file");
    }
    let seen = tracer.stop().recording;
    drop(limit);
    seen.assert_nothing_lost();
    let account: Account = serde_json::from_str(&server.account()).expect("the server's account");
    assert_eq!((account.files, account.bytes), (FILES + 3, FILES * FILE_BYTES + 3));
    for file in 0..FILES {
        let row = seen.page_cache().file(&directory.join(name(file)));
        assert_eq!((row.read.bytes, row.read.pages), (FILE_BYTES, FILE_BYTES / PAGE_BYTES), "{row:?}");
        assert_eq!(row.read.cold_requested, FILE_BYTES / PAGE_BYTES, "{row:?}");
    }
    seen
}

#[test]
fn files_that_are_read_in_the_event_loop_block_it() {
    let _machine = needs!(Root, Node, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    files(disk.path());
    let server = FileServer::node(disk.path(), "sync");
    let main = server.pid();
    let seen = watch(server, disk.path());
    assert_eq!(seen.verdict.status, "blocked", "{:?}", seen.verdict);
    assert_eq!(seen.verdict.threads, [NamedThread { tid: main, role: "event_loop".into() }]);
    let read = seen.row("read").thread(main);
    assert_agree("disk-blocked reads", read.disk_blocked, FILES, 0.05, 0);
    let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    assert_eq!(event_loop.tid, main);
    assert!(event_loop.disk_waits >= read.disk_waits, "{event_loop:?}");
}

#[test]
fn files_that_are_read_beside_the_event_loop_do_not() {
    let _machine = needs!(Root, Node, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    files(disk.path());
    let server = FileServer::node(disk.path(), "async");
    let main = server.pid();
    let seen = watch(server, disk.path());
    assert_eq!(seen.verdict.status, "clear", "{:?}", seen.verdict);
    let [event_loop] = seen.event_loops.as_slice() else { panic!("{:?}", seen.event_loops) };
    assert_eq!((event_loop.tid, event_loop.disk_waits), (main, 0));
    let read = seen.row("read");
    assert_agree("disk-blocked reads", read.disk_blocked, FILES, 0.05, 0);
    let blocked: Vec<_> = seen.threads.iter().filter(|thread| thread.disk_waits > 0).collect();
    assert!(blocked.iter().all(|thread| thread.role == "worker" && thread.tid != main), "{blocked:?}");
}
