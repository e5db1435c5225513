//! What is refused although each value of it could be: figures that contradict each other.

use serde_json::{Value, json};
use tracer::{analysis::merge::merge, model::Recording, recordings::parse};

use crate::{
    json, kept,
    reading::{Change, changed, changed_of, why},
};

#[test]
fn figures_that_contradict_each_other_are_refused() {
    let wrong: [Change; 24] = [
        (|value| value["syscalls"][0]["calls"] = json!(1), "calls is 1, and the count of latency 6293"),
        (|value| value["syscalls"][0]["latency"]["count"] = json!(1), "histogram of 1 values has 6293"),
        (|value| value["syscalls"][0]["latency"]["sum"] = json!(1), "have its min, max and sum"),
        (|value| value["syscalls"][0]["latency"]["min"] = json!(0), "have its min, max and sum"),
        (|value| value["syscalls"][0]["latency"]["p99"] = json!(1), "p99 is not that of its buckets"),
        (|value| value["syscalls"][0]["latency"]["log2"][0][2] = json!(0), "power of two"),
        (|value| value["syscalls"][0]["slow"] = json!(6_000), "slow is 6000, and the buckets of latency allow"),
        (|value| value["syscalls"][0]["errors"] = json!(3), "errors is 3, and the sum by name"),
        (|value| value["syscalls"][0]["disk_blocked"] = json!(8), "disk_blocked is 8"),
        (|value| value["syscalls"][0]["bytes"] = json!(u64::MAX), "the sum of its threads"),
        (|value| value["syscalls"][0]["time_ns"]["disk"] = json!(1), "time_ns.disk is 1"),
        (|value| value["syscalls"][0]["time_ns"]["on_cpu"] = json!(1), "the sum of time_ns"),
        (|value| value["syscalls"][0]["memory_share"] = json!(1.5), "memory_share is 1.5, which is no share"),
        (|value| value["syscalls"][0]["threads"][0]["calls"] = json!(1), "thread 4181: calls is 1"),
        (|value| value["syscalls"][0]["threads"][0]["max_ns"] = json!(1), "max_ns is not that of latency"),
        (|value| value["syscalls"][0]["processes"][0]["slow"] = json!(1), "the sum of its processes"),
        (|value| value["syscalls"][0]["files"][0]["disk_wait_ns"] = json!(1), "the sum of its files"),
        (|value| value["syscalls"][0]["clients"][0]["disk_wait_ns"] = json!(1), "the sum of its clients"),
        (|value| value["event_loops"][0]["disk_waits"] = json!(99), "event_loops, thread 4181: disk_waits is 99"),
        (|value| value["event_loops"][0]["role"] = json!("worker"), "its role is another one"),
        (|value| value["blocked_share"] = json!(0), "0 is no share"),
        (|value| value["hosts"] = json!([]), "hosts: there is none"),
        (|value| value["verdict"]["threads"] = json!([]), "its status and its threads differ"),
        (|value| value["window"]["duration_ns"] = json!(u64::MAX), "it ends after the year 9999"),
    ];
    for (change, words) in wrong {
        let why = why(&changed(|value| {
            if words.contains("9999") {
                value["window"]["start"] = json!("9999-12-30T22:00:00Z");
            }
            change(value);
        }));
        assert!(why.contains(words), "no {words:?} in: {why}");
    }
    let twice = changed(|value| {
        let again = value["threads"][0].clone();
        value["threads"].as_array_mut().unwrap().push(again);
    });
    assert!(why(&twice).contains("it is there twice"), "{}", why(&twice));
}

#[test]
fn stacks_that_contradict_the_rest_are_refused() {
    let wrong: [Change; 10] = [
        (|value| value["stacks"][0]["id"] = json!(7), "there is no stack 0"),
        (|value| value["slow_calls"][3]["stack"] = json!(7), "slow_calls[3]: there is no stack 7"),
        (|value| drop(value.as_object_mut().unwrap().remove("stacks")), "slow_calls[0]: its stack is not there"),
        (
            |value| value["stacks"][0]["slow_calls"] = json!(7),
            "stacks, 0: slow_calls is 7, and so many refer to it: 40",
        ),
        (|value| value["stacks"][0]["disk_waits"] = json!(7), "stacks, 0: disk_waits is 7, and the sum of its threads"),
        (|value| value["stacks"][0]["disk_wait_ns"] = json!(7), "stacks, 0: disk_wait_ns is 7"),
        (|value| value["stacks"][0]["threads"] = json!([]), "and the sum of its threads 0"),
        (|value| value["stacks"][0]["threads"][0]["pid"] = json!(7), "a thread of another process"),
        (|value| value["stacks"][0]["threads"][0]["tid"] = json!(7), "and the sum of its stacks 0"),
        (
            |value| {
                let again = value["stacks"][0].clone();
                value["stacks"].as_array_mut().unwrap().push(again);
            },
            "stacks[1]: it is there twice",
        ),
    ];
    for (change, words) in wrong {
        let why = why(&changed_of("nginx-cold", change));
        assert!(why.contains(words), "no {words:?} in: {why}");
    }
}

#[test]
fn a_page_cache_that_contradicts_itself_is_refused() {
    let wrong: [Change; 11] = [
        (|value| value["page_cache"]["memory_share"] = json!(1.5), "page_cache: memory_share is 1.5, and 160 of"),
        (|value| value["page_cache"]["memory_share"] = json!(-0.5), "page_cache: memory_share is -0.5"),
        (|value| value["page_cache"]["memory_share"] = json!(0.5), "page_cache: memory_share is 0.5"),
        (|value| value["page_cache"]["memory_share"] = Value::Null, "page_cache: pages without a memory_share"),
        (|value| value["page_cache"]["files"][0]["memory_share"] = json!(1), "page_cache.files[0]: memory_share is 1"),
        (|value| value["page_cache"]["files"][0]["bytes"] = json!(1), "page_cache: bytes is"),
        (|value| value["page_cache"]["read_ahead"] = json!(1), "page_cache: read_ahead is 1, and the sum of its files"),
        (|value| value["page_cache"]["files"][0]["direct_calls"] = json!(1u64 << 40), "more direct calls than calls"),
        (|value| value["page_cache"]["threads"][0]["direct_bytes"] = json!(1u64 << 50), "more direct bytes than bytes"),
        (|value| value["page_cache"]["threads"][0]["fault_disk_wait_ns"] = json!(1), "1 ns of disk waits, of which"),
        (|value| value["page_cache"]["files"][0]["disk_blocked"] = json!(0), "of which there were none"),
    ];
    for (change, words) in wrong {
        let why = why(&changed_of("nginx-cold", change));
        assert!(why.contains(words), "no {words:?} in: {why}");
    }
}

#[test]
fn a_verdict_about_a_thread_that_is_no_event_loop_is_refused() {
    let text = changed(|value| value["verdict"]["threads"][0]["tid"] = json!(7));
    assert!(why(&text).contains("verdict, thread 7: it is none of the event loops"), "{}", why(&text));
}

#[test]
fn the_pieces_of_the_window_are_the_whole() {
    let text = changed(|value| {
        let row = json!({"name": "sendfile", "calls": 0, "bytes": 0, "slow": 3, "disk_blocked": 0, "disk_wait_ns": 0,
            "latency": {"buckets": []}, "disk": {"buckets": []}});
        value["intervals"] = json!([{"at_ns": 0, "duration_ns": 1, "syscalls": [row]}]);
    });
    assert!(why(&text).contains("the sum of the intervals"), "{}", why(&text));
}

#[test]
fn a_merged_recording_is_the_sum_of_its_runs() {
    let one: Recording = serde_json::from_str(&kept("blocked")).unwrap();
    let mut other = one.clone();
    other.window.start += jiff::SignedDuration::from_mins(10);
    let whole = json(&merge(vec![one, other]).unwrap());
    parse(whole.to_string().as_bytes()).unwrap();
    let wrong: [Change; 5] = [
        (|value| value["runs"][1]["syscalls"][0]["bytes"] = json!(1), "the sum of the runs"),
        (|value| value["runs"][1]["syscalls"][0]["calls"] = json!(1), "runs[1], sendfile: calls is 1"),
        (|value| value["runs"][1]["syscalls"][0]["name"] = json!("splice"), "has no such system call"),
        (|value| value["runs"][0]["window"]["start"] = json!("2020-01-01T00:00:00Z"), "its window is not within"),
        (|value| drop(value["runs"].as_array_mut().unwrap().pop()), "the sum of the runs"),
    ];
    for (change, words) in wrong {
        let mut value = whole.clone();
        change(&mut value);
        let why = why(value.to_string().as_bytes());
        assert!(why.contains(words), "no {words:?} in: {why}");
    }
}
