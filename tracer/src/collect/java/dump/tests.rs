//! Dumps as real JVMs print them, cut; and such as none should.

use super::*;

fn named(dump: &[u8]) -> Vec<(u32, String)> {
    let mut names: Vec<_> = names(dump).into_iter().collect();
    names.sort();
    names
}

fn expect(dump: &str, expected: &[(u32, &str)]) {
    let expected: Vec<_> = expected.iter().map(|&(nid, name)| (nid, name.to_owned())).collect();
    assert_eq!(named(dump.as_bytes()), expected, "{dump}");
}

/// 1.8.0_504.
const JDK_8: &str = r#"2026-11-21 17:42:50
Full thread dump OpenJDK 64-Bit Server VM (25.504-b01 mixed mode):

"Attach Listener" #109 daemon prio=9 os_prio=0 tid=0x00007fd8e4003800 nid=0x34d7 waiting on condition [0x0000000000000000]
   java.lang.Thread.State: RUNNABLE

"data-plane-kafka-network-thread-1-ListenerName(PLAINTEXT)-PLAINTEXT-8" #16 prio=5 os_prio=0 tid=0x00007fd91416f800 nid=0x3429 waiting on condition [0x00007fd9017e4000]
   java.lang.Thread.State: WAITING (parking)
	at sun.misc.Unsafe.park(Native Method)
	- parking to wait for  <0x00000000e0a1c2d8> (a java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject)

"VM Thread" os_prio=0 tid=0x00007fd914075800 nid=0x33dc runnable 

"GC task thread#0 (ParallelGC)" os_prio=0 tid=0x00007fd914021000 nid=0x33d2 runnable 

"GC task thread#1 (ParallelGC)" os_prio=0 tid=0x00007fd914023000 nid=0x33d4 runnable 

"VM Periodic Task Thread" os_prio=0 tid=0x00007fd9140c2800 nid=0x33fc waiting on condition 

JNI global references: 319

"#;

/// 17.0.15.
const JDK_17: &str = r#"
Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6-Debian-1deb12u1 mixed mode, sharing):

Threads class SMR info:
_java_thread_list=0x00007f2edc005070, length=113, elements={
0x00007f2f60018440, 0x00007f2f6017b120
}

"main" #1 prio=5 os_prio=0 cpu=52.44ms elapsed=2.45s tid=0x00007f2f60018440 nid=0x31cc waiting on condition  [0x00007f2f66b1e000]
   java.lang.Thread.State: TIMED_WAITING (sleeping)
	at java.lang.Thread.sleep(java.base@17.0.15/Native Method)
	at Bench.main(Bench.java:17)

"Common-Cleaner" #11 daemon prio=8 os_prio=0 cpu=0.19ms elapsed=2.42s tid=0x00007f2f6019d7c0 nid=0x31dd in Object.wait()  [0x00007f2f490fd000]
   java.lang.Thread.State: TIMED_WAITING (on object monitor)

"G1 Conc#0" os_prio=0 cpu=0.06ms elapsed=2.45s tid=0x00007f2f6004c810 nid=0x31cf runnable  

JNI global refs: 4, weak refs: 0


Found one Java-level deadlock:
=============================
"Thread-1":
  waiting to lock monitor 0x00007f2e50002330 (object 0x00000000e0a24c38, a java.lang.Object),
  which is held by "Thread-0"

"#;

/// 21.0.13.
const JDK_21: &str = r#"
"main" #1 [14206] prio=5 os_prio=0 cpu=58.08ms elapsed=5.32s tid=0x00007fa378019d60 nid=14206 waiting on condition  [0x00007fa37cdfe000]
   java.lang.Thread.State: TIMED_WAITING (sleeping)

"ForkJoinPool-1-worker-1" #30 [14300] daemon prio=5 os_prio=0 cpu=0.31ms elapsed=1.02s tid=0x00007fa2f4001230 nid=14300 waiting on condition  [0x00007fa354b29000]
   Carrying virtual thread #29
	at jdk.internal.vm.Continuation.run(java.base@21/Continuation.java:251)

"VM Thread" os_prio=0 cpu=9.30ms elapsed=5.19s tid=0x00007fa3781d5b50 nid=14213 runnable  

"#;

#[test]
fn the_dumps_of_several_jdks_are_read() {
    expect(
        JDK_8,
        &[
            (0x33d2, "GC task thread#0 (ParallelGC)"),
            (0x33d4, "GC task thread#1 (ParallelGC)"),
            (0x33dc, "VM Thread"),
            (0x33fc, "VM Periodic Task Thread"),
            (0x3429, "data-plane-kafka-network-thread-1-ListenerName(PLAINTEXT)-PLAINTEXT-8"),
            (0x34d7, "Attach Listener"),
        ],
    );
    expect(JDK_17, &[(0x31cc, "main"), (0x31cf, "G1 Conc#0"), (0x31dd, "Common-Cleaner")]);
    expect(JDK_21, &[(14206, "main"), (14213, "VM Thread"), (14300, "ForkJoinPool-1-worker-1")]);
    // With -e.
    let extended =
        r#""a" #9 prio=5 os_prio=0 cpu=0.1ms elapsed=1s allocated=1952K defined_classes=1 tid=0x1 nid=0x9 runnable"#;
    expect(extended, &[(9, "a")]);
}

/// A header of JDK 17.
fn header(name: &str, nid: u32) -> String {
    format!(
        "\"{name}\" #{nid} daemon prio=5 os_prio=0 cpu=0.31ms elapsed=1.02s tid=0x00007fa2f4001230 nid={nid:#x} \
         waiting on condition  [0x00007fa354b29000]\n   java.lang.Thread.State: RUNNABLE\n\tat A.b(A.java:1)\n\n"
    )
}

#[test]
fn a_name_may_hold_whatever_it_likes() {
    for name in [
        "",
        " ",
        "\"",
        "\"\"\"",
        "a\" #1 prio=5",
        "[x] #12 {nid=0x7}",
        "tid=0x1 nid=0x1",
        "a\nb",
        "\n",
        "\n\n\"",
        "a\n\"b",
        "\"a\"\n\"b\"\n",
        "Zeit\u{e9} \u{65e5}\u{672c}",
        "\"quoted\" #12 [x]\nnext \"line\" #13 tid=0x1 nid=0x1 end",
        "a\rb\tc",
    ] {
        let dump = header("before", 1) + &header(name, 2) + &header("after", 3);
        expect(&dump, &[(1, "before"), (2, name), (3, "after")]);
    }
}

#[test]
fn a_name_that_looks_like_another_thread_takes_that_threads_name_at_most() {
    let forged = header("forged", 1) + "\"x";
    let names = named((header("victim", 1) + &header(&forged, 2) + &header("after", 3)).as_bytes());
    assert_eq!(names.iter().find(|(nid, _)| *nid == 1), None, "{names:?}");
    assert!(names.contains(&(3, "after".into())), "{names:?}");
}

#[test]
fn a_name_without_its_end_costs_no_other_name() {
    // JDK 8 cuts a name off that is longer than its buffer.
    let cut = header(&"x\"y".repeat(600), 2).replace("\" #2", "#2");
    expect(&(header("before", 1) + &cut + &header("after", 3)), &[(1, "before"), (3, "after")]);
    let endless = format!("\"{}\n", "z\n".repeat(LONGEST));
    expect(&(header("before", 1) + &endless + &header("after", 3)), &[(1, "before"), (3, "after")]);
    let long = "n".repeat(5_000);
    assert_eq!(named(header(&long, 1).as_bytes()), [(1, long[..256].to_owned())]);
}

#[test]
fn numbers_that_are_none_give_no_thread() {
    for nid in ["", "0x", "0xg", "-1", "4294967296", "0x100000000", "NA"] {
        let dump = header("a", 7).replace("nid=0x7", &format!("nid={nid}")) + &header("after", 3);
        assert!(named(dump.as_bytes()).iter().all(|(nid, _)| *nid == 3), "{nid}");
    }
}

/// A generator that needs no library (Marsaglia, "Xorshift RNGs", 2003).
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn no_bytes_at_all_upset_the_reader() {
    let pieces: [&[u8]; 12] = [
        b"\"",
        b"\n",
        b" #1 ",
        b"tid=0x1 ",
        b"nid=0x5 ",
        b"nid=",
        b"daemon ",
        b"[3] ",
        b"\xff\xc0",
        b"\xed\xa0",
        b"a",
        b"prio=5 ",
    ];
    let mut state = 0x2545_F491_4F6C_DD1D;
    for _ in 0..20_000 {
        let count = random(&mut state) % 40;
        let dump: Vec<u8> =
            (0..count).flat_map(|_| pieces[(random(&mut state) % 12) as usize].iter().copied()).collect();
        for (_, name) in names(&dump) {
            assert!(name.chars().count() <= 256);
        }
    }
    for end in 0..JDK_17.len() {
        names(&JDK_17.as_bytes()[..end]);
    }
}
