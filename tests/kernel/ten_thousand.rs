//! Ten thousand threads.

use tests::{needs, tracer::Tracer, workload::Workload};

use crate::assert_counts;

#[test]
fn each_of_ten_thousand_threads_has_its_numbers() {
    let _machine = needs!(Root);
    let mut workload = Workload::start("count --threads 10000 --calls 5 --fail EBADF=1");
    let tracer = Tracer::of_process(workload.pid());
    let truth = workload.run();
    assert_eq!(truth.threads.len(), 10_000);
    let seen = tracer.stop().recording;
    seen.assert_nothing_lost();
    assert_counts(seen.sendfile(), &truth);
}
