//! The demonstration as a whole. The disk, the page cache and the sockets are real.

use std::cell::RefCell;
use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::FromRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use procfs::process::Process;

use super::files::{self, Scratch};
use super::server::{START, STOP, Said, serve_on};
use super::{Disk, ServerTruth, Stage, THREAD_NAME};
use crate::scratch::{Residency, page_bytes, word};

/// Where a child of this test program finds the directory that it is to serve.
const SERVED_DIRECTORY: &str = "TRACER_DEMO_TEST_DIRECTORY";

/// The server on a thread of the test's.
struct Server {
    address: SocketAddr,
    input: Option<PipeWriter>,
    output: BufReader<PipeReader>,
    thread: JoinHandle<anyhow::Result<()>>,
    scratch: Scratch,
    disk: Disk,
}

impl Server {
    fn start() -> Self {
        let ((), scratch, disk) = files::prepare(None, |_| Ok(())).unwrap();
        let directory = scratch.path().to_path_buf();
        let (control, mut input) = io::pipe().unwrap();
        let (output, say) = io::pipe().unwrap();
        let thread = thread::spawn(move || serve_on(&directory, control, say));
        writeln!(input, "{START}").unwrap();
        let mut output = BufReader::new(output);
        let Said::Listening(address) = said(&mut output) else { panic!("no address") };
        Self { address, input: Some(input), output, thread, scratch, disk }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    fn stop(mut self) -> ServerTruth {
        if writeln!(self.input.take().unwrap(), "{STOP}").is_err() {
            panic!("the server has ended early: {:?}", self.thread.join().unwrap());
        }
        let Said::Truth(truth) = said(&mut self.output) else { panic!("no truth") };
        self.thread.join().unwrap().unwrap();
        truth
    }
}

fn said(output: &mut impl BufRead) -> Said {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// Sends `text` and returns the head and the body of the answer.
fn ask(stream: &mut TcpStream, text: &str) -> (String, Vec<u8>) {
    stream.write_all(text.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

fn range(path: &str, first: u64, bytes: u64) -> String {
    format!("GET {path} HTTP/1.1\r\nRange: bytes={first}-{}\r\n\r\n", first + bytes - 1)
}

#[test]
fn the_server_answers_with_the_bytes_of_the_file() {
    let server = Server::start();
    let warm = fs::read(server.scratch.warm()).unwrap();
    let mut stream = server.connect();
    let (head, body) = ask(&mut stream, &range("/warm", 4095, 100_003));
    assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
    assert!(head.contains("Content-Range: bytes 4095-104097/1048576\r\n"), "{head}");
    assert!(body == warm[4095..4095 + 100_003]);
    let (head, body) = ask(&mut stream, "GET /warm HTTP/1.1\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(body == warm);
    // Two in one segment, answered one after the other.
    let (_, first) = ask(&mut stream, &(range("/warm", 0, 8) + &range("/warm", 8, 8)));
    let (_, second) = ask(&mut stream, "");
    assert_eq!([first, second].concat(), &warm[..16]);
    let truth = server.stop();
    assert_eq!(truth.bytes, 100_003 + warm.len() as u64 + 16);
    assert_eq!((truth.cold_calls, truth.cold.count(), truth.hot.count()), (0, 0, truth.calls));
}

#[test]
fn a_page_is_cold_the_first_time_and_warm_the_second() {
    let server = Server::start();
    let mut stream = server.connect();
    for calls in [5, 7] {
        for n in 0..calls {
            ask(&mut stream, &range("/cold", files::cold_offset(n), page_bytes()));
        }
    }
    // No page was read along with them but those that the disk was measured with.
    let resident = Residency::of(&File::open(server.scratch.cold()).unwrap()).unwrap().resident_pages().unwrap();
    assert_eq!(resident, 7 + server.disk.reads);
    let truth = server.stop();
    assert_eq!((truth.calls, truth.cold_calls, truth.cold_pages), (12, 7, 7));
    assert_eq!((truth.hot.count(), truth.cold.count()), (5, 7));
}

#[test]
fn bad_clients_cost_their_connection_and_no_more() {
    let server = Server::start();
    for (text, status) in [
        ("GET /etc/passwd HTTP/1.1\r\n\r\n", "404"),
        ("PUT /warm HTTP/1.1\r\n\r\n", "405"),
        ("GET /warm HTTP/1.1\r\nRange: bytes=1048576-\r\n\r\n", "416"),
        ("\0\u{7f}\r\n\r\n", "400"),
        (&"x".repeat(4096), "431"),
    ] {
        let (head, _) = ask(&mut server.connect(), text);
        assert_eq!(head.split(' ').nth(1), Some(status), "{text:?}");
    }
    // Gone in the middle of a long answer.
    let mut rude = server.connect();
    rude.write_all(b"GET /cold HTTP/1.1\r\n\r\n").unwrap();
    rude.read_exact(&mut [0; 1000]).unwrap();
    drop(rude);
    let (_, body) = ask(&mut server.connect(), &range("/warm", 0, 8));
    assert_eq!(body, word(0).to_le_bytes());
    server.stop();
}

#[test]
fn an_abandoned_server_removes_the_files_and_ends() {
    let mut server = Server::start();
    server.input = None;
    server.thread.join().unwrap().unwrap();
    assert!(!server.scratch.path().exists());
}

#[test]
fn a_server_abandoned_before_it_starts_removes_what_is_there() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("tracer-demo-test");
    fs::create_dir(&directory).unwrap();
    fs::write(files::warm_in(&directory), "half").unwrap();
    let (control, input) = io::pipe().unwrap();
    drop(input);
    serve_on(&directory, control, io::sink()).unwrap();
    assert!(!directory.exists());
}

#[test]
fn an_abandoned_server_touches_no_other_directory() {
    let directory = tempfile::tempdir().unwrap();
    let file = files::cold_in(directory.path());
    fs::write(&file, "mine").unwrap();
    files::remove_left_behind(directory.path()).unwrap();
    assert_eq!(fs::read(file).unwrap(), b"mine");
}

#[test]
fn memory_is_no_place_for_cold_files() {
    let error = files::prepare(Some(Path::new("/dev/shm")), |_| Ok(())).unwrap_err().to_string();
    assert!(error.contains("/dev/shm (a file system in memory"), "{error}");
    let error = files::prepare(Some(Path::new("/nonexistent")), |_| Ok(())).unwrap_err().to_string();
    assert!(error.contains("/nonexistent (No such file"), "{error}");
}

#[test]
fn cold_pages_and_probe_pages_are_all_different() {
    let mut offsets: Vec<_> =
        (0..files::cold_pages()).flat_map(|n| [files::cold_offset(n), files::probe_offset(n)]).collect();
    offsets.sort_unstable();
    offsets.dedup();
    assert_eq!(offsets.len() as u64 * page_bytes(), files::COLD_BYTES);
    assert_eq!(offsets.last(), Some(&(files::COLD_BYTES - page_bytes())));
}

/// Not a test of its own: the server's process in the tests of [`Stage`], which start this program again.
#[test]
fn server_process() {
    let Some(directory) = env::var_os(SERVED_DIRECTORY) else { return };
    // SAFETY: `test_server` opens descriptor 3 for this process alone, and nothing else here knows of it.
    let say = unsafe { File::from_raw_fd(3) };
    serve_on(Path::new(&directory), io::stdin(), say).unwrap();
}

/// This test program as the server. The test harness writes to standard output itself: descriptor 3 is the server's.
fn test_server(directory: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec 3>&1 >/dev/null; exec "$@""#, "sh"]);
    command.arg(env::current_exe().unwrap());
    command.args(["--exact", "demo::tests::server_process", "--nocapture"]);
    command.env(SERVED_DIRECTORY, directory);
    command
}

fn bytes_read_from_disks(stage: &Stage) -> u64 {
    Process::new(stage.pid().0 as i32).unwrap().io().unwrap().read_bytes
}

#[test]
fn the_server_and_the_clients_and_the_kernel_agree() {
    let mut stage = Stage::set_up_with(None, test_server).unwrap();
    let (pid, directory) = (stage.pid(), stage.directory().to_path_buf());
    let process = Process::new(pid.0 as i32).unwrap();
    // The harness keeps the main thread to itself; in the program the event loop is the only one.
    let names = process.tasks().unwrap().map(|task| task.unwrap().stat().unwrap().comm);
    assert_eq!(names.filter(|name| name == THREAD_NAME).count(), 1);

    let read_before = bytes_read_from_disks(&stage);
    stage.begin().unwrap();
    thread::sleep(Duration::from_secs(1));
    stage.end().unwrap();
    let read = bytes_read_from_disks(&stage) - read_before;
    let truth = stage.finish().unwrap();

    let server = &truth.server;
    assert_eq!((server.errors, server.cold_calls), (0, truth.cold_requests.count()));
    assert_eq!(server.hot.count(), truth.warm_requests.count());
    assert_eq!(server.calls, server.hot.count() + server.cold.count());
    assert!(server.cold_calls > 0 && server.hot.count() > server.cold.count(), "{server:?}");
    assert_eq!(read, server.cold_pages * page_bytes(), "{server:?}");
    assert!(server.behind_max <= server.behind && server.behind_max <= 32);
    assert!(!directory.exists() && !runs(pid.0));
}

#[test]
fn a_stage_dropped_under_load_leaves_nothing() {
    let mut stage = Stage::set_up_with(None, test_server).unwrap();
    stage.begin().unwrap();
    let (pid, directory): (u32, PathBuf) = (stage.pid().0, stage.directory().to_path_buf());
    assert!(directory.exists() && runs(pid));
    drop(stage);
    assert!(!directory.exists() && !runs(pid));
}

#[test]
fn a_server_that_fails_is_said_to_and_leaves_nothing() {
    let seen = RefCell::new(PathBuf::new());
    let began = Instant::now();
    let error = Stage::set_up_with(None, |directory| {
        *seen.borrow_mut() = directory.to_path_buf();
        Command::new("true")
    })
    .unwrap_err();
    assert_eq!(format!("{error:#}"), "the demo's server did not start: it has ended");
    assert!(!seen.into_inner().exists());
    assert!(began.elapsed() < Duration::from_secs(60));
}

fn runs(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}
