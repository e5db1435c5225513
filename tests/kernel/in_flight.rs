//! Calls that have not returned.

use std::time::Duration;

use tests::{needs, os::clock::monotonic_ns, tracer::Tracer, workload::Workload};

#[test]
fn a_call_that_never_returns_is_in_flight() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("stuck --before 2 --during 2 --released 1");
    let tracer = Tracer::of_process(workload.pid());
    // A call from before the window was stuck if it stayed for the threshold of a millisecond.
    std::thread::sleep(Duration::from_millis(100));
    let truth = workload.run();
    let [released, early, early_too, late, late_too] = &truth.threads[..] else {
        panic!("five threads, not {}", truth.threads.len());
    };
    std::thread::sleep(Duration::from_millis(100));
    let before_ns = monotonic_ns();
    let seen = tracer.stop().recording;
    let after_ns = monotonic_ns();
    seen.assert_nothing_lost();
    let window_ns = seen.window.duration_ns;
    let seen = seen.sendfile();
    // None of them was entered and returned inside the window, not even the one that returned.
    assert_eq!((seen.calls, seen.bytes), (0, 0));
    assert_eq!(seen.in_flight.len(), 5, "{:?}", seen.in_flight);
    assert!(seen.in_flight.iter().all(|call| call.pid == workload.pid()));
    let call_of = |tid: u32| {
        let mut calls = seen.in_flight.iter().filter(|call| call.tid == tid);
        calls.next().unwrap_or_else(|| panic!("thread {tid} is not in flight"))
    };
    for thread in [early, early_too] {
        let call = call_of(thread.tid);
        assert_eq!((call.since_ns, call.returned_at_ns), (None, None), "it began before the window");
    }
    for thread in [late, late_too] {
        let entered_ns = thread.in_call_since_ns.expect("it is in a call");
        let since_ns = call_of(thread.tid).since_ns.expect("it began inside the window");
        // The program's clock was read before the call, and a busy machine may have come between.
        let (least, most) = (before_ns - entered_ns - 20_000_000, after_ns - entered_ns);
        assert!((least..=most).contains(&since_ns), "{since_ns} is not within {least}..={most}");
    }
    let call = call_of(released.tid);
    assert_eq!(call.since_ns, None, "it began before the window");
    assert!(call.returned_at_ns.expect("it returned inside the window") < window_ns);
}

#[test]
fn a_thread_that_is_parked_elsewhere_is_not_in_flight() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 4 --calls 10");
    let tracer = Tracer::of_process(workload.pid());
    workload.run();
    let seen = tracer.stop().recording;
    assert!(seen.sendfile().in_flight.is_empty(), "{:?}", seen.sendfile().in_flight);
}
