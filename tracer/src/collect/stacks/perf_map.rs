//! The names that a program gives to code that it makes while it runs: `/tmp/perf-PID.map`, as the JVM, Node.js and
//! others write it (tools/perf/Documentation/jit-interface.txt in the kernel's sources). A line is a function: start
//! and size in hexadecimal, then its name.

use std::io::{BufRead, Read};

/// Longer lines are cut.
const LONGEST_LINE: u64 = 4096;

/// What is read of a file at most.
const MOST_BYTES: u64 = 1 << 30;

/// The names of the functions that hold `addresses`, in the same order. Code may be moved or thrown away, and its place
/// be used again: so the last line counts.
pub fn names(map: impl Read, addresses: &[u64]) -> Vec<Option<String>> {
    let mut names = vec![None; addresses.len()];
    let mut map = std::io::BufReader::new(map.take(MOST_BYTES));
    let mut line = Vec::new();
    loop {
        line.clear();
        // What cannot be read has no names.
        if !matches!(map.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line), Ok(1..)) {
            return names;
        }
        if line.last() != Some(&b'\n') && map.skip_until(b'\n').is_err() {
            return names;
        }
        let Some((start, size, name)) = function(&line) else { continue };
        for (address, known) in addresses.iter().zip(&mut names) {
            if address.checked_sub(start).is_some_and(|distance| distance < size) {
                *known = Some(String::from_utf8_lossy(name).into_owned());
            }
        }
    }
}

fn function(line: &[u8]) -> Option<(u64, u64, &[u8])> {
    let mut fields = line.splitn(3, |&byte| byte == b' ');
    let hex = |text: &[u8]| {
        let text = std::str::from_utf8(text).ok()?;
        u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
    };
    let (start, size) = (hex(fields.next()?)?, hex(fields.next()?)?);
    let name = fields.next()?.trim_ascii();
    (!name.is_empty()).then_some((start, size, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(map: &str, addresses: &[u64]) -> Vec<Option<String>> {
        names(map.as_bytes(), addresses)
    }

    #[test]
    fn an_address_has_the_name_of_the_function_that_holds_it() {
        let map = "7f00 10 void Sender::send()\n0x7f10 20 LazyCompile:~read /srv/a.js:3\n";
        let names = of(map, &[0x7eff, 0x7f00, 0x7f0f, 0x7f10, 0x7f2f, 0x7f30]);
        let (java, node) = (Some("void Sender::send()".into()), Some("LazyCompile:~read /srv/a.js:3".into()));
        assert_eq!(names, [None, java.clone(), java, node.clone(), node, None]);
    }

    #[test]
    fn of_functions_in_the_same_place_the_last_counts() {
        assert_eq!(of("100 10 old\n100 10 new\n", &[0x105]), [Some("new".into())]);
    }

    #[test]
    fn lines_that_are_none_are_passed_over() {
        let long = format!("1 2\n\nzz 10 a\n100 10\n200 10 {}\n300 ffffffffffffffff b", "x".repeat(10_000));
        let names = of(&long, &[0x105, 0x205, 0x305]);
        assert_eq!(names[0], None);
        assert_eq!(names[1].as_ref().map(|name| name.len() as u64), Some(LONGEST_LINE - 7));
        assert_eq!(names[2].as_deref(), Some("b"));
    }
}
