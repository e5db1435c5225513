//! Who plays which part, and what a thread is called.

use super::*;

#[test]
fn workers_and_pollers_may_wait_for_the_disk() {
    let mut pollers = [event_loop(1), event_loop(2)];
    pollers.iter_mut().for_each(|data| data.slot.turns.set = 5);
    let [one, other] = pollers;
    let recording = recording(&snapshot(vec![
        waiting(one, 50, THRESHOLD_NS),
        other,
        waiting(thread(3), 50, THRESHOLD_NS),
        event_loop(4),
    ]));
    assert_eq!(status(&recording), (Status::Clear, Vec::new()));
    let role = |tid| recording.threads.iter().find(|row| row.thread.tid.0 == tid).map(|row| row.thread.role);
    assert_eq!([1, 2, 3, 4].map(role), [Role::Poller, Role::Poller, Role::Worker, Role::EventLoop].map(Some));
}

#[test]
fn a_loop_that_never_sleeps_is_a_loop() {
    let mut busy = event_loop(1);
    busy.slot.turns.sleeps = 0;
    assert_eq!(status(&recording(&snapshot(vec![waiting(busy, 1, THRESHOLD_NS)]))), (Status::Blocked, vec![1]));
}

#[test]
fn one_that_is_parked_beside_a_loop_takes_nothing_from_it() {
    let mut parked = event_loop(2);
    (parked.slot.turns.ready_events, parked.slot.turns.set) = (0, 1);
    let mut with_sleeper = snapshot(vec![waiting(event_loop(1), 1, THRESHOLD_NS), parked]);
    let sleeper = asleep(&thread(3), 232, false);
    with_sleeper.asleep = Some(vec![SleepingTask { first_argument: 1, ..sleeper }]);
    let recording = recording(&with_sleeper);
    assert_eq!(status(&recording), (Status::Blocked, vec![1]));
    assert_eq!(recording.event_loops.len(), 1);
}

#[test]
fn a_thread_that_waits_for_its_one_connection_is_a_worker() {
    let watching = |sockets, listens| {
        let mut snapshot = snapshot(vec![waiting(event_loop(1), 1, THRESHOLD_NS)]);
        snapshot.watched.insert(ReadySet::Epoll((10, 1)), Watched { descriptors: sockets + 1, sockets, listens });
        recording(&snapshot).threads[0].thread.role
    };
    assert_eq!(
        [watching(1, false), watching(1, true), watching(2, false)],
        [Role::Worker, Role::EventLoop, Role::EventLoop]
    );
}

#[test]
fn a_loop_that_was_parked_all_along_is_listed() {
    let mut quiet = snapshot(vec![event_loop(1)]);
    quiet.asleep = Some(vec![SleepingTask { first_argument: 9, ..asleep(&thread(3), 232, false) }]);
    let recording = recording(&quiet);
    let loops: Vec<_> = recording.event_loops.iter().map(|row| (row.thread.tid.0, row.turns)).collect();
    assert_eq!(loops, [(1, Some(100)), (3, Some(0))]);
}

#[test]
fn a_thread_goes_by_the_best_name_that_is_known_of_it_alone() {
    let mut snapshot = snapshot(vec![calling(thread(11), 1, 1_000), calling(thread(12), 1, 1_000)]);
    let stranger = ThreadKey { start_boottime_ns: 1, ..thread(12).slot.key };
    let long = "data-plane-kafka-network-thread-1\n";
    snapshot.thread_names = [(thread(11).slot.key, long.to_owned()), (stranger, "former".to_owned())].into();
    let recording = recording(&snapshot);
    let names = |row: &crate::model::ThreadRef| (row.tid.0, row.comm.clone(), row.name.clone());
    let rows: Vec<_> = recording.syscalls[0].threads.iter().map(|row| names(&row.thread)).collect();
    let expected = [(11, "work".to_owned(), long.to_owned()), (12, "work".to_owned(), "work".to_owned())];
    assert!(expected.iter().all(|row| rows.contains(row)), "{rows:?}");
}
