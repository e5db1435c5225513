//! A change for the worse, for real: nginx whose file is no longer in memory.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    path::Path,
    process::Command,
};

use serde_json::Value;
use tests::{
    disk::LoopDisk,
    http::Client,
    needs,
    nginx::Nginx,
    os::page_cache::evict,
    tracer::{Tracer, binary},
};

const RUNS: usize = 7;
const HOT_REQUESTS: u64 = 500;
/// Requests for the file that one side has in memory and the other has not.
const REQUESTS: u64 = 10;
const RANGE: u64 = 16 << 10;
/// Too far for the kernel to read ahead.
const STRIDE: u64 = 2 << 20;

/// Clients that ask for the same on both sides.
fn load(nginx: &Nginx) {
    let mut client = Client::connect(Ipv4Addr::LOCALHOST, nginx.port()).expect("a connection");
    for request in 0..HOT_REQUESTS {
        client.get("hot.html", 0, RANGE).expect("the hot file");
        if request % (HOT_REQUESTS / REQUESTS) == 0 {
            let offset = request / (HOT_REQUESTS / REQUESTS) * STRIDE;
            client.get("cold.html", offset, RANGE).expect("the other file");
        }
    }
}

fn record(nginx: &Nginx, path: &Path) {
    let tracer = Tracer::sendfile(&format!("--pid {} -o {}", nginx.worker(), path.display()));
    load(nginx);
    tracer.stop().recording.assert_nothing_lost();
}

#[test]
fn nginx_that_reads_from_disk_is_worse_than_nginx_that_does_not() {
    let _machine = needs!(Root, Nginx, LoopDisk);
    let disk = LoopDisk::mount();
    fs::write(disk.path().join("hot.html"), vec![1; RANGE as usize]).expect("the hot file");
    let cold = disk.path().join("cold.html");
    fs::write(&cold, vec![2; (REQUESTS * STRIDE) as usize]).expect("the other file");
    let nginx = Nginx::serving(disk.path(), "access_log off;");
    // The program's own code, and the file, are read in now.
    load(&nginx);
    let folder = tempfile::tempdir().expect("a folder");
    let [old, new] = ["old", "new"].map(|side| folder.path().join(side));
    [&old, &new].iter().for_each(|side| fs::create_dir(side).expect("a side's folder"));
    for run in 0..RUNS {
        let name = format!("{run}.json");
        // In turn, and neither side always first.
        let sides: [(bool, &Path); 2] = [(false, &old), (true, &new)];
        let order = if run % 2 == 0 { [0, 1] } else { [1, 0] };
        for (is_cold, side) in order.map(|place| sides[place]) {
            if is_cold {
                evict(&File::open(&cold).expect("the file")).expect("out of memory");
            }
            record(&nginx, &side.join(&name));
        }
    }
    let compared =
        Command::new(binary()).args(["compare", "-f", "json", "--old"]).arg(&old).arg("--new").arg(&new).output();
    let compared = compared.expect("starting tracer");
    assert_eq!(compared.status.code(), Some(1), "{compared:?}");
    let comparison: Value = serde_json::from_slice(&compared.stdout).expect("JSON");
    let metrics = comparison["metrics"].as_array().expect("metrics");
    let blocked = metrics.iter().find(|metric| metric["metric"] == "disk-blocked").expect("it is compared");
    assert_eq!(blocked["outcome"], "fail", "{comparison}");
    // Of all requests, those for the file that is not in memory wait: once each at least.
    let share = REQUESTS as f64 / (HOT_REQUESTS + REQUESTS) as f64;
    let shares: Vec<f64> = blocked["new"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    assert!(shares.len() == RUNS && shares.iter().all(|&new| new >= share * 0.9), "{blocked}");
    assert!(blocked["old"].as_array().is_some_and(|old| old.iter().all(|old| *old == 0.0)), "{blocked}");
}
