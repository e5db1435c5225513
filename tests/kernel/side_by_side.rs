//! bpftrace's histogram of the same calls.

use tests::{agree::repeatedly, bpftrace::Bpftrace, needs, tracer::Tracer, workload::Workload};

use crate::assert_counts;

/// The two read their clocks at different moments of the same call.
const APART_NS: u64 = 2_000;

/// Between the two moments, a microsecond at either end of a call, the CPU may serve an interrupt or be taken away by the
/// host: for one call in so many at most. What they saw of such a call may be any time apart.
const DISTURBED_OF: u64 = 200;

#[test]
fn bpftraces_histogram_of_the_same_calls_agrees() {
    repeatedly(|| {
        let _machine = needs!(Root, Bpftrace);
        let sizes = "4096,65536,131072,262144,524288,1048576,4194304";
        let mut workload = Workload::start(&format!("count --threads 2 --calls 3000 --out memory --bytes {sizes}"));
        let bpftrace = Bpftrace::hist_of_sendfile(workload.pid());
        let tracer = Tracer::of_process(workload.pid());
        let truth = workload.run();
        let seen = tracer.stop().recording;
        let theirs = bpftrace.hist();
        seen.assert_nothing_lost();
        let seen = seen.sendfile();
        assert_counts(seen, &truth);
        assert_eq!(theirs.total(), seen.calls);
        let disturbed = seen.calls / DISTURBED_OF;
        let mut compared = 0;
        for edge in (14..40).map(|power| 1_u64 << power) {
            let count = theirs.at_least(edge);
            let least = seen.latency.surely_at_least(edge + APART_NS).saturating_sub(disturbed);
            let most = seen.latency.perhaps_at_least(edge - APART_NS) + disturbed;
            assert!((least..=most).contains(&count), "from {edge} ns on: bpftrace {count}, tracer {least} to {most}");
            compared += u32::from(0 < count && count < seen.calls);
        }
        assert!(compared >= 4, "only {compared} edges lie among the calls");
    });
}
