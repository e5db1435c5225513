//! Several families in one measurement: the same figures as alone, by one set of shared hooks.

use std::{collections::BTreeMap, fs};

use tests::{
    disk::LoopDisk,
    needs,
    recording::{Recording, Syscall},
    tracer::Tracer,
    workload::Workload,
};

use crate::{
    assert_adds_up, disk_waits,
    kinds::{assert_kinds, rows, watch_by},
};

/// What must be the same whoever else is measured with it.
fn figures(row: &Syscall) -> ([u64; 3], &BTreeMap<String, u64>, [Option<u64>; 2]) {
    ([row.calls, row.bytes, row.disk_waits], &row.errors_by_name, [row.cold_requested, row.read_ahead])
}

#[test]
fn families_give_the_same_rows_together_as_alone() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let mut workload = Workload::start_on(&disk, "reads --ranges 20 --threads 2");
    let pid = format!("--pid {}", workload.pid());
    let alone = ["sendfile", "splice", "pagecache"].map(|family| Tracer::start(family, &pid));
    let together = [("sendfile", "splice,pagecache"), ("pagecache", "sendfile,splice,pagecache")]
        .map(|(family, others)| Tracer::start(family, &format!("{pid} --with {others}")));
    let truth = workload.run();
    let alone: Vec<Recording> = alone.into_iter().map(|tracer| tracer.stop().recording).collect();
    for together in together {
        let together = together.stop().recording;
        together.assert_nothing_lost();
        assert_kinds(&together, &truth);
        for recording in &alone {
            recording.assert_nothing_lost();
            for row in recording.syscalls.iter().filter(|row| rows(&truth).contains(row.label().as_str())) {
                assert_adds_up(row);
                // The workload's main thread reads its stdin before one window opens, and after another.
                if row.name != "read" {
                    assert_eq!(figures(together.row(&row.label())), figures(row), "{}", row.label());
                }
            }
            for thread in &truth.threads {
                assert_eq!(
                    disk_waits(&together, thread.tid),
                    disk_waits(recording, thread.tid),
                    "thread {}",
                    thread.tid
                );
            }
        }
        let [.., pages] = alone.as_slice() else { panic!("three recordings") };
        for path in truth.kinds().filter_map(|(_, kind)| kind.path.as_ref()) {
            assert_eq!(together.page_cache().file(path).read, pages.page_cache().file(path).read, "{}", path.display());
        }
    }
}

/// How many of a process' descriptors are links to the raw tracepoint `name` (`kernel/bpf/syscall.c`,
/// `bpf_raw_tp_link_show_fdinfo`).
fn links_to(pid: u32, name: &str) -> usize {
    let infos = fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("the descriptors of tracer");
    let texts = infos.filter_map(|info| fs::read_to_string(info.expect("a descriptor").path()).ok());
    let is_link = |text: &String| text.lines().any(|line| line.split_whitespace().eq(["tp_name:", name]));
    texts.filter(is_link).count()
}

/// Memory of all maps that a process holds, in bytes.
fn map_bytes(pid: u32) -> u64 {
    let mut by_id = BTreeMap::new();
    for info in fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("the descriptors of tracer") {
        let Ok(text) = fs::read_to_string(info.expect("a descriptor").path()) else { continue };
        let number = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok());
        if let (Some(id), Some(bytes)) = (number("map_id:"), number("memlock:")) {
            by_id.insert(id, bytes);
        }
    }
    by_id.values().sum()
}

#[test]
fn what_families_share_is_attached_once() {
    let _machine = needs!(Root);
    let workload = Workload::start("splices --rounds 1");
    let pid = workload.pid();
    for (family, arguments) in
        [("sendfile", ""), ("sendfile", "--with splice,pagecache"), ("pagecache", "--with splice")]
    {
        let tracer = Tracer::start(family, &format!("--pid {pid} -v {arguments}"));
        let links = ["sched_switch", "mm_filemap_add_to_page_cache"].map(|name| links_to(tracer.pid(), name));
        assert_eq!(links, [1, 1], "{family} {arguments}");
        let said = tracer.stop().stderr;
        let attached = |program: &str| said.matches(&format!("{program}: attached")).count();
        assert_eq!((attached("sched_switch"), attached("page_cache_add")), (1, 1), "{said}");
    }
}

#[test]
fn memory_of_a_thread_is_within_the_budget_with_all_families() {
    let _machine = needs!(Root);
    let workload = Workload::start("splices --rounds 1");
    let pid = workload.pid();
    let with_room_for = |threads: u64| {
        let arguments = format!("--pid {pid} --with splice,pagecache --max-threads {threads}");
        let tracer = Tracer::start("sendfile", &arguments);
        let bytes = map_bytes(tracer.pid());
        drop(tracer.stop());
        bytes
    };
    let (few, many) = (8192, 16_384);
    let each = (with_room_for(many) - with_room_for(few)) / (many - few);
    // The budget is 8 KB for a thread and traced system call: it holds for a thread with all of them.
    assert!((1024..=8192).contains(&each), "{each} bytes for each thread");
}

#[test]
fn no_family_counts_what_it_does_not_trace() {
    let _machine = needs!(Root);
    let (seen, truth) = watch_by("sendfile", "", Workload::start("reads --hot-every 1 --ranges 20"));
    let [row] = seen.syscalls.as_slice() else { panic!("{:?}", seen.syscalls) };
    let sent: u64 = truth.kinds().filter(|(_, kind)| kind.row == "sendfile").map(|(_, kind)| kind.calls).sum();
    assert_eq!((row.name.as_str(), row.calls), ("sendfile", sent));
    assert!(seen.page_cache.is_none());
}
