use super::*;
use crate::{analysis::so_far::seats::Figures, model::Recording};

/// A recording of two threads of a process, with so many calls each.
fn window(calls: &[(u32, u64)]) -> Recording {
    let text = include_str!("../../../../tests/golden/recordings/nginx-hot.json");
    let mut recording: Recording = serde_json::from_str(text).unwrap();
    let row = recording.syscalls[0].threads[0].clone();
    recording.syscalls.truncate(1);
    recording.threads.clear();
    recording.event_loops.clear();
    let rows = calls.iter().map(|&(tid, calls)| {
        let mut row = row.clone();
        (row.thread.tid.0, row.calls) = (tid, calls);
        row
    });
    recording.syscalls[0].threads = rows.collect();
    recording.syscalls[0].calls = calls.iter().map(|(_, calls)| calls).sum();
    recording
}

fn rows(so_far: &SoFar) -> Vec<(String, u64)> {
    so_far.threads().into_iter().map(|row| (row.labels.2, row.figures.calls)).collect()
}

#[test]
fn seats_are_given_where_windows_meet_and_all_rows_are_the_whole() {
    let mut so_far = SoFar::new(1);
    so_far.see(window(&[(1, 5), (2, 9)]));
    assert_eq!(rows(&so_far), [(String::new(), 14)]);
    so_far.close(window(&[(1, 6), (2, 10)]));
    // What the thread did before stays with the others.
    assert_eq!(rows(&so_far), [("2".into(), 0), (String::new(), 16)]);
    so_far.see(window(&[(1, 100), (2, 3)]));
    assert_eq!(rows(&so_far), [("2".into(), 3), (String::new(), 116)]);
    so_far.close(window(&[(1, 100), (2, 4)]));
    assert_eq!(rows(&so_far), [("2".into(), 4), (String::new(), 116)]);
    assert_eq!(so_far.sums().syscalls.values().map(|row| row.calls).collect::<Vec<_>>(), [120]);
}

#[test]
fn a_seat_that_is_not_used_goes_to_another_and_its_row_to_the_others() {
    let mut so_far = SoFar::new(1);
    so_far.close(window(&[(2, 10)]));
    so_far.close(window(&[(2, 4)]));
    let mut others = 10;
    for _ in 0..10 {
        let before: u64 = rows(&so_far).iter().map(|(_, calls)| calls).sum();
        so_far.close(window(&[(1, 1)]));
        others += 1;
        assert_eq!(rows(&so_far).iter().map(|(_, calls)| calls).sum::<u64>(), before + 1);
    }
    assert_eq!(rows(&so_far), [("1".into(), 0), (String::new(), others + 4)]);
    // Who had a row does not get it again.
    for _ in 0..10 {
        so_far.close(window(&[(2, 7)]));
    }
    assert_eq!(rows(&so_far), [(String::new(), others + 4 + 70)]);
}

#[test]
fn who_did_nothing_holds_no_seat() {
    let mut so_far = SoFar::new(3);
    so_far.close(window(&[(1, 0)]));
    assert_eq!(so_far.threads().len(), 1);
    assert_eq!(so_far.threads()[0].figures, Figures::default());
}
