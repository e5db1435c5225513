//! A thread dump as HotSpot prints it: which thread is called what.
//!
//! ```text
//! "main" #1 prio=5 os_prio=0 tid=0x00007fd91400b800 nid=0x33cd waiting on condition [0x00007fd9185fe000]   JDK 8
//! "VM Thread" os_prio=0 cpu=7.92ms elapsed=2.43s tid=0x00007f2f60177190 nid=0x31d2 runnable               11, 17
//! "main" #1 [14206] prio=5 os_prio=0 cpu=58.08ms elapsed=5.32s tid=0x00007fa378019d60 nid=14206 runnable      21
//! ```
//!
//! A name is printed as it is: quotes, line breaks and whole lines that look like another thread's may be in it.
//! So a name ends at the last quote of the first line that goes on as a thread's does; and if two threads
//! claim the same id, neither is believed.

use std::collections::HashMap;

use super::text;

/// Longest name that is looked at, bytes: behind it another thread may come.
const LONGEST: usize = 1 << 16;

/// Names by thread id, as the JVM's own pid namespace numbers them.
pub fn names(dump: &[u8]) -> HashMap<u32, String> {
    let mut names: HashMap<u32, Option<String>> = HashMap::new();
    let mut from = 0;
    while let Some(header) = next_header(dump, &mut from) {
        let name = header.name.map(text::name);
        names.entry(header.nid).and_modify(|known| *known = None).or_insert(name);
    }
    names.into_iter().filter_map(|(nid, name)| Some((nid, name?))).collect()
}

/// The lines that begin a thread.
#[derive(Debug, PartialEq, Eq)]
struct Header<'a> {
    /// `None`: where it ends cannot be told.
    name: Option<&'a [u8]>,
    nid: u32,
}

/// The first header at or behind `from`, which is moved behind it.
fn next_header<'a>(dump: &'a [u8], from: &mut usize) -> Option<Header<'a>> {
    // Where the name of the header that is being read begins.
    let mut name_from = None;
    while *from < dump.len() {
        let start = *from;
        let end = dump[start..].iter().position(|&byte| byte == b'\n').map_or(dump.len(), |length| start + length);
        *from = end + 1;
        let begins = dump[start] == b'"';
        if name_from.is_some_and(|name| end - name > LONGEST) {
            name_from = None;
        }
        if name_from.is_none() && begins {
            name_from = Some(start + 1);
        }
        let Some(name) = name_from else { continue };
        let line = name.max(start);
        let quote = dump[line..end].iter().rposition(|&byte| byte == b'"').map(|at| line + at);
        let tail = String::from_utf8_lossy(&dump[quote.map_or(line, |quote| quote + 1)..end]);
        if let Some((nid, is_whole)) = nid(&tail) {
            return Some(Header { name: quote.filter(|_| is_whole).map(|quote| &dump[name..quote]), nid });
        }
    }
    None
}

/// The thread id in what follows a name, and whether nothing else is there: JDK 8 cuts a very long name off
/// and goes on behind it, without a quote.
fn nid(tail: &str) -> Option<(u32, bool)> {
    let words = || tail.split_ascii_whitespace();
    let mut from_address = words().skip_while(|word| !word.starts_with("tid=0x"));
    let nid = from_address.find_map(|word| number(word.strip_prefix("nid=")?))?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let in_brackets =
        |word: &str| word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).is_some_and(is_number);
    let is_part = |word: &str| {
        word == "daemon" || word.contains('=') || word.strip_prefix('#').is_some_and(is_number) || in_brackets(word)
    };
    Some((nid, words().take_while(|word| !word.starts_with("tid=0x")).all(is_part)))
}

/// Hexadecimal up to JDK 18, and decimal since.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
