//! What may sit at the other end of a socket.

use std::{
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use super::*;

/// What comes of asking a peer that does `answer`, within half a second.
fn asked(answer: impl FnOnce(UnixStream) + Send) -> (Result<Vec<u8>>, Duration) {
    let (own, peer) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| answer(peer));
        let start = Instant::now();
        let result = ask(own, REQUEST, Deadline::after(Duration::from_millis(500))).and_then(printed);
        (result, start.elapsed())
    })
}

fn request(peer: &mut UnixStream) {
    let mut request = vec![0; REQUEST.len()];
    peer.read_exact(&mut request).unwrap();
    assert_eq!(request, REQUEST);
}

#[test]
fn an_answer_is_taken_without_its_status() {
    let (answer, _) = asked(|mut peer| {
        request(&mut peer);
        peer.write_all(b"0\n\"main\" #1").unwrap();
    });
    assert_eq!(answer.unwrap(), b"\n\"main\" #1");
}

#[test]
fn a_refusal_is_told() {
    let (answer, _) = asked(|mut peer| {
        request(&mut peer);
        peer.write_all(b"1\nOperation threaddump not recognized!\n").unwrap();
    });
    let why = answer.unwrap_err().to_string();
    assert!(why.contains("1 Operation threaddump not recognized!"), "{why}");
    for hang_up in [true, false] {
        let (answer, _) = asked(|mut peer| {
            // Closed with unread input, it is a reset; otherwise an end.
            if !hang_up {
                request(&mut peer);
            }
        });
        assert!(answer.unwrap_err().to_string().contains("its own user alone"));
    }
}

#[test]
fn a_request_says_how_long_it_is() {
    let command = REQUEST.strip_prefix(b"2\x0023\0").unwrap();
    assert_eq!(command.len(), 23);
}

#[test]
fn silence_and_drops_end_in_time() {
    let silent = |peer: UnixStream| {
        thread::sleep(Duration::from_millis(800));
        drop(peer);
    };
    let dripping = |mut peer: UnixStream| {
        request(&mut peer);
        // Until nobody takes any more.
        while peer.write_all(b"0").is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    };
    for (answer, took) in [asked(silent), asked(dripping)] {
        assert!(answer.unwrap_err().to_string().contains("did not answer within"));
        assert!((500..2000).contains(&took.as_millis()), "{took:?}");
    }
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let (own, mut peer) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || while peer.write_all(&[b'0'; 1 << 16]).is_ok() {});
        let answer = ask(own, REQUEST, Deadline::after(Duration::from_secs(60)));
        assert!(answer.unwrap_err().to_string().contains("more than 64 MiB"));
    });
}
