//! What is read through the page cache, and what of it was not there, against mincore, the kernel's own accounts and the
//! program's.

use std::{
    fs::{self, File},
    path::Path,
};

use tests::{
    disk::{LoopDisk, ThrottledDisk},
    needs,
    os::{page_cache::evict, rungs},
    recording::{PagesRead, Recording},
    tracer::Tracer,
    truth::{KindTruth, Truth},
    under_tracer::run,
    workload::Workload,
};

use crate::{
    assert_adds_up, disk_waits,
    kinds::{assert_kinds, watch_by},
    waits_in,
};

/// What mincore and the program say of reads of some kinds.
fn pages_read<'a>(kinds: impl Iterator<Item = &'a KindTruth>) -> PagesRead {
    let mut sum = PagesRead::default();
    for kind in kinds.filter(|kind| kind.path.is_some()) {
        sum.calls += kind.calls;
        sum.bytes += kind.bytes;
        if kind.row == "page_fault" {
            sum.faults += kind.gaining_faults;
            sum.fault_pages += kind.gained_inside + kind.gained_outside;
        } else if kind.is_direct {
            assert_eq!(kind.gained_inside + kind.gained_outside, 0, "direct I/O fills no page cache");
            sum.direct_calls += kind.calls;
            sum.direct_bytes += kind.bytes;
        } else {
            sum.pages += kind.pages;
            sum.cold_requested += kind.gained_inside;
            sum.read_ahead += kind.gained_outside;
        }
    }
    sum.memory_share = (sum.pages > 0).then(|| 1.0 - sum.cold_requested as f64 / sum.pages as f64);
    sum
}

/// The page cache's rows of a whole workload are what mincore says: each file's and each thread's. Other files may have
/// been read too, such as the program itself.
fn assert_pages(seen: &Recording, truth: &Truth) {
    let page_cache = seen.page_cache();
    for (tid, kind) in truth.kinds().filter(|(_, kind)| kind.path.is_some()) {
        let file = page_cache.file(kind.path.as_ref().expect("a file"));
        assert_eq!(file.read, pages_read([kind].into_iter()), "{kind:?} by thread {tid}");
    }
    for thread in &truth.threads {
        let seen = page_cache.thread(thread.tid).read;
        let expected = pages_read(thread.kinds.iter());
        // A fault of the program on itself may have had to read.
        let faults = (seen.faults.max(expected.faults), seen.fault_pages.max(expected.fault_pages));
        assert_eq!(seen, PagesRead { faults: faults.0, fault_pages: faults.1, ..expected }, "thread {}", thread.tid);
    }
    let files = page_cache.files.iter().map(|file| file.read);
    let threads = page_cache.threads.iter().map(|thread| thread.read);
    assert_eq!(sum(files), sum(threads), "by file and by thread");
    assert_eq!(page_cache.total, sum(page_cache.files.iter().map(|file| file.read)));
}

fn sum(rows: impl Iterator<Item = PagesRead>) -> PagesRead {
    let mut sum = PagesRead::default();
    for row in rows {
        sum.calls += row.calls;
        sum.bytes += row.bytes;
        sum.pages += row.pages;
        sum.cold_requested += row.cold_requested;
        sum.read_ahead += row.read_ahead;
        sum.direct_calls += row.direct_calls;
        sum.direct_bytes += row.direct_bytes;
        sum.faults += row.faults;
        sum.fault_pages += row.fault_pages;
    }
    sum.memory_share = (sum.pages > 0).then(|| 1.0 - sum.cold_requested as f64 / sum.pages as f64);
    sum
}

#[test]
fn cold_pages_of_each_means_to_read_are_mincores_gain() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let (seen, truth) = watch_by("pagecache", "", Workload::start_on(&disk, "reads --gains --threads 2"));
    assert_kinds(&seen, &truth);
    assert_pages(&seen, &truth);
    let cold = truth.kinds().filter(|(_, kind)| !kind.is_direct && kind.path.is_some());
    for (_, kind) in cold {
        assert!(kind.gained_inside > 0 && kind.gained_inside == kind.cold_before, "{kind:?}");
        assert!(kind.pages > kind.cold_before, "nothing was in memory: {kind:?}");
        assert_eq!(kind.gained_outside, 0, "nothing is read ahead: {kind:?}");
        assert_eq!(kind.major_faults, kind.gaining_faults, "{kind:?}");
    }
    let row = |label: &str| seen.row(label);
    assert_eq!(row("sendfile").direct_calls, Some(20), "{:?}", row("sendfile").memory_share);
    assert_eq!(row("pread64").direct_calls, Some(20), "{:?}", row("pread64").memory_share);
}

#[test]
fn pages_that_are_read_ahead_are_told_from_those_asked_for() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount().reading_ahead(128);
    let workload = Workload::start_on(&disk, "reads --gains --read-ahead --hot-every 4 --ranges 12");
    let (seen, truth) = watch_by("pagecache", "", workload);
    assert_kinds(&seen, &truth);
    assert_pages(&seen, &truth);
    let ahead: u64 = truth.kinds().map(|(_, kind)| kind.gained_outside).sum();
    assert!(ahead > 100, "only {ahead} pages were read ahead");
}

#[test]
fn each_rung_reads_the_same() {
    let _machine = needs!(Root, LoopDisk);
    // The classic tracepoint of the page cache does not say which file a page fault reads, but for its inode.
    for mechanism in rungs::of_calls().into_iter().filter(|mechanism| *mechanism != "tracepoint") {
        let disk = LoopDisk::mount();
        let workload = Workload::start_on(&disk, "reads --gains --ranges 6");
        let (seen, truth) = watch_by("pagecache", &format!("--mechanism {mechanism}"), workload);
        assert_kinds(&seen, &truth);
        assert_pages(&seen, &truth);
    }
}

#[test]
fn what_is_in_memory_is_all_in_memory_and_waits_for_nothing() {
    let _machine = needs!(Root);
    let (seen, truth) = watch_by("pagecache", "", Workload::start("reads --hot-every 1 --threads 3 --ranges 40"));
    assert_kinds(&seen, &truth);
    for (tid, kind) in truth.kinds().filter(|(_, kind)| !kind.is_direct && kind.calls > 0 && kind.path.is_some()) {
        assert_eq!(kind.cold_before, 0, "{kind:?}");
        assert_eq!(seen.row(&kind.row).thread(tid).cold_requested, Some(0), "{}", kind.row);
        let file = seen.page_cache().file(kind.path.as_ref().expect("a file"));
        assert_eq!((file.read.memory_share, file.disk_blocked), (Some(1.0), 0), "{file:?}");
    }
    // What never leaves memory is not listed among the files that faults read.
    let fault = truth.kinds().find(|(_, kind)| kind.row == "page_fault").expect("faults").1;
    assert_eq!(fault.gaining_faults, 0);
    assert!(seen.page_cache().files.iter().all(|file| Some(Path::new(&file.path)) != fault.path.as_deref()));
}

#[test]
fn disk_waits_are_told_by_file_and_by_thread_also_those_of_page_faults() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    let workload = Workload::start_on(&disk, "reads --ranges 30 --by pread,read,preadv2,fault");
    let limit = ThrottledDisk::of(&workload, 400);
    let (seen, truth) = watch_by("pagecache", "", workload);
    drop(limit);
    assert_kinds(&seen, &truth);
    let tid = truth.threads[0].tid;
    for (_, kind) in truth.kinds() {
        // Each cold range is read in one piece or more; one in a hundred may be there before its reader sleeps.
        assert!(kind.sleeps >= 14, "only {} sleeps for 15 cold ranges: {kind:?}", kind.sleeps);
        let file = seen.page_cache().file(kind.path.as_ref().expect("a file"));
        if kind.row == "page_fault" {
            assert_eq!(file.fault_disk_waits, kind.sleeps);
            assert_eq!(seen.page_cache().thread(tid).fault_disk_waits, kind.sleeps);
            assert_eq!(waits_in(&seen, tid, "page_fault").disk_waits, kind.sleeps);
            assert_eq!(file.fault_disk_wait_ns, waits_in(&seen, tid, "page_fault").disk_wait_ns);
            assert_eq!((kind.major_faults, file.read.faults), (kind.cold_before, kind.cold_before));
        } else {
            assert_eq!(seen.row(&kind.row).disk_waits, kind.sleeps, "{}", kind.row);
            assert_eq!(file.disk_blocked, seen.row(&kind.row).disk_blocked, "{}", kind.row);
        }
    }
    let all = seen.page_cache().thread(tid);
    assert_eq!(all.disk_waits + all.fault_disk_waits, disk_waits(&seen, tid));
    assert_eq!(disk_waits(&seen, tid), truth.kinds().map(|(_, kind)| kind.sleeps).sum::<u64>());
}

#[test]
fn a_file_that_many_threads_come_upon_at_once_has_one_row() {
    let _machine = needs!(Root);
    let by = "read,pread,readv,preadv,preadv2,splice";
    let arguments = format!("reads --shared --threads 16 --hot-every 1 --ranges 30 --by {by}");
    let (seen, truth) = watch_by("pagecache", "", Workload::start(&arguments));
    assert_kinds(&seen, &truth);
    let (_, first) = truth.kinds().next().expect("a kind");
    for kind in &truth.threads[0].kinds {
        let Some(path) = &kind.path else { continue };
        let same = truth.kinds().map(|(_, other)| other).filter(|other| other.path.as_ref() == Some(path));
        assert_eq!(seen.page_cache().file(path).read, pages_read(same), "{}", path.display());
    }
    assert_eq!(first.calls, 30);
}

/// Bytes that a thread has read by its own account (proc(5), `/proc/PID/io`).
fn bytes_read(pid: u32, tid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{tid}/io")).expect("the account of a thread");
    let line = text.lines().find_map(|line| line.strip_prefix("rchar: ")).expect("bytes read");
    line.parse().expect("a number")
}

#[test]
fn bytes_are_those_of_the_kernels_own_account() {
    let _machine = needs!(Root);
    // The kernel's account has no splice in it.
    let by = "read,pread,readv,preadv,preadv2,preadv2-at-position,sendfile,direct,copy-file-range";
    let mut workload = Workload::start(&format!("reads --threads 3 --hot-every 1 --ranges 50 --by {by}"));
    let (pid, tids) = (workload.pid(), workload.tids());
    let tracer = Tracer::start("pagecache", &format!("--pid {pid}"));
    let before: Vec<_> = tids.iter().map(|&tid| bytes_read(pid, tid)).collect();
    let truth = workload.run();
    let theirs = tids.iter().zip(before).map(|(&tid, before)| bytes_read(pid, tid) - before);
    let theirs: Vec<_> = theirs.collect();
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_kinds(&seen, &truth);
    for (&tid, theirs) in tids.iter().zip(theirs) {
        assert_eq!(seen.page_cache().thread(tid).read.bytes, theirs, "thread {tid}");
    }
}

#[test]
fn a_device_that_is_read_itself_is_told_by_its_name() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let device = disk.device();
    let arguments = format!("reads --by pread --hot-every 1 --ranges 8 --also {}", device.display());
    let (seen, truth) = watch_by("pagecache", "", Workload::start(&arguments));
    assert_kinds(&seen, &truth);
    let file = seen.page_cache().file(&device);
    assert_eq!((file.read.calls, file.read.bytes, file.read.pages), (8, 8 * 4096, 8));
    assert!(file.read.cold_requested <= 1, "{file:?}");
}

#[test]
fn files_beyond_the_room_are_summed_up_in_one_row() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("reads --threads 8 --hot-every 1 --ranges 10 --by read,pread,readv");
    let tracer = Tracer::start("pagecache", &format!("--pid {} --max-files 4", workload.pid()));
    let truth = workload.run();
    let outcome = tracer.stop();
    let seen = outcome.recording;
    seen.assert_nothing_lost();
    seen.syscalls.iter().for_each(assert_adds_up);
    assert_kinds(&seen, &truth);
    let files = &seen.page_cache().files;
    let other = files.iter().find(|file| file.path == "(other)").expect("a row for what found no room");
    assert!(files.len() <= 5, "{files:?}");
    let expected = pages_read(truth.kinds().map(|(_, kind)| kind));
    assert_eq!(seen.page_cache().total, expected);
    assert!(other.read.calls >= expected.calls * 20 / 24, "{other:?}");
    assert!(outcome.stdout.contains("raise --max-files"), "{}", outcome.stdout);
}

#[test]
fn a_page_that_another_thread_reads_is_a_wait_and_no_fault_that_read() {
    let _machine = needs!(Root, LoopDisk, DiskThrottle);
    let disk = LoopDisk::mount();
    let workload = Workload::start_on(&disk, "reads --shared --threads 4 --hot-every 0 --ranges 20 --by fault");
    let limit = ThrottledDisk::of(&workload, 40);
    let (seen, truth) = watch_by("pagecache", "", workload);
    drop(limit);
    let kind = &truth.threads[0].kinds[0];
    let file = seen.page_cache().file(kind.path.as_ref().expect("a file"));
    // Each page comes in once, whoever asks first; all who touch it meanwhile wait for it.
    assert_eq!((file.read.faults, file.read.fault_pages), (20, 20));
    let major: u64 = truth.kinds().map(|(_, kind)| kind.major_faults).sum();
    assert!(major >= 20, "{major} major faults");
    let waits: u64 = seen.page_cache().threads.iter().map(|thread| thread.fault_disk_waits).sum();
    let sleeps: u64 = truth.kinds().map(|(_, kind)| kind.sleeps).sum();
    assert!(waits >= file.fault_disk_waits && waits <= sleeps, "{waits} disk waits, {sleeps} sleeps");
    assert!(waits > 20, "nobody waited for another's read");
    // A fault may have to wait once more, while others who waited for the page hold it.
    assert!((19..=30).contains(&file.fault_disk_waits) && file.fault_disk_waits < waits, "{file:?}");
}

#[test]
fn a_program_that_ends_soon_is_measured_to_its_end() {
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let path = disk.path().join("big");
    fs::write(&path, vec![7; 4 << 20]).expect("writing a file");
    evict(&File::open(&path).expect("the file")).expect("evicting the file");
    let mut shell = tests::process::Guarded::new(
        std::process::Command::new("sh")
            .args(["-c", "read go; exec dd of=/dev/null bs=64k status=none if=\"$0\""])
            .arg(&path)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("starting a shell"),
    );
    let tracer = Tracer::start("pagecache", &format!("--pid {}", shell.pid()));
    drop(shell.child().stdin.take());
    assert!(shell.wait(std::time::Duration::from_secs(20)).success());
    let seen = tracer.finish(std::time::Duration::from_secs(20)).recording;
    seen.assert_nothing_lost();
    let file = seen.page_cache().file(&path);
    assert_eq!((file.read.bytes, file.read.pages), (4 << 20, 1024));
    assert_eq!(file.read.cold_requested + file.read.read_ahead, 1024, "{file:?}");
    let share = file.read.memory_share.expect("a share");
    assert!((0.0..=1.0).contains(&share), "{share}");
}

#[test]
fn a_copy_is_cold_the_first_time_and_all_in_memory_the_second() {
    const PAGES: u64 = 1024;
    let _machine = needs!(Root, LoopDisk);
    let disk = LoopDisk::mount();
    let [from, to] = ["big", "copy"].map(|name| disk.path().join(name));
    fs::write(&from, vec![7; PAGES as usize * 4096]).expect("writing a file");
    evict(&File::open(&from).expect("the file")).expect("evicting the file");
    let [from_word, to_word] = [&from, &to].map(|path| path.to_str().expect("a path in ASCII"));
    for cold in [PAGES, 0] {
        let ended = run("pagecache", &["cp", from_word, to_word], b"");
        assert_eq!((ended.code, ended.said().as_str()), (0, ""));
        let file = ended.recording().page_cache().file(&from);
        assert_eq!((file.read.bytes, file.read.pages), (PAGES * 4096, PAGES));
        assert_eq!(file.read.cold_requested + file.read.read_ahead, cold, "{file:?}");
        assert_eq!(fs::read(&to).expect("the copy"), fs::read(&from).expect("the file"));
    }
}
