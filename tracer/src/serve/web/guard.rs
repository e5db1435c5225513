//! Who may ask: users with their passwords, as the web configuration has them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::header::HeaderValue;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex as Turn;

use super::WebConfig;

/// A hash of no password, of the usual cost: an unknown user takes as long as a known one.
const NOBODY: &str = "$2b$10$abcdefghijklmnopqrstuuzrHl1FkmmeTUuxYVm5oqJLlTJ0yAFtK";

/// Pairs of users and passwords that are remembered to be right.
const MOST_KNOWN: usize = 100;

/// The users; nobody is asked where there are none.
#[derive(Debug)]
pub struct Guard {
    hashes: BTreeMap<String, String>,
    /// What was found to be right, by its hash: bcrypt is slow on purpose, and scrapers ask often.
    known: Mutex<HashSet<[u8; 32]>>,
    /// One password is looked at after the other: whoever tries many takes one CPU at most.
    turn: Turn<()>,
}

impl Guard {
    /// The users of a configuration.
    pub fn of(config: &WebConfig) -> Self {
        Self { hashes: config.users().clone(), known: Mutex::default(), turn: Turn::new(()) }
    }

    /// Whether whoever sends this `Authorization` may ask.
    pub async fn admits(self: &Arc<Self>, authorization: Option<&HeaderValue>) -> bool {
        if self.hashes.is_empty() {
            return true;
        }
        let Some((user, password)) = authorization.and_then(credentials) else { return false };
        let digest = Sha256::digest(format!("{}:{user}:{password}", user.len())).into();
        if self.known().contains(&digest) {
            return true;
        }
        let _turn = self.turn.lock().await;
        let guard = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || {
            let hash = guard.hashes.get(&user);
            let is_right = bcrypt::verify(password, hash.map_or(NOBODY, String::as_str)).unwrap_or(false);
            hash.is_some() && is_right
        });
        let is_right = looked.await.unwrap_or(false);
        if is_right {
            let mut known = self.known();
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(digest);
        }
        is_right
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// User and password of the basic scheme (RFC 7617).
fn credentials(value: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
