//! Patterns for names of processes, as a shell has them, and the automata that they become. Pure.

use std::{fmt, str::FromStr};

use tracer_common::globs::{COMM_BYTES, GlobTable, PLACES, TABLES};

/// A name, or a pattern for names: `*` any bytes, `?` any byte, `[a-z]` one of these, `[!a-z]` none of these,
/// `\*` the byte itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Any bytes, or none.
    Any,
    /// One byte out of these.
    OneOf(Vec<u8>),
}

impl FromStr for Glob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let bytes = tokens.iter().filter(|token| **token != Token::Any).count();
        if tokens.is_empty() {
            return Err("a name has at least one byte".into());
        }
        if bytes > COMM_BYTES {
            // A pattern may be cut anywhere: only a plain name says where.
            let cut: String = text
                .chars()
                .scan(0, |length, char| {
                    *length += char.len_utf8();
                    (*length <= COMM_BYTES).then_some(char)
                })
                .collect();
            return Err(format!(
                "no process has such a name: the kernel keeps {COMM_BYTES} bytes of it (such as '{cut}')"
            ));
        }
        Ok(Self { text: text.into(), tokens })
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut rest = text.bytes();
    let mut tokens = Vec::new();
    while let Some(byte) = rest.next() {
        let token = match byte {
            b'*' if tokens.last() == Some(&Token::Any) => continue,
            b'*' => Token::Any,
            b'?' => Token::OneOf((1..=u8::MAX).collect()),
            b'[' => Token::OneOf(class(&mut rest).ok_or("a '[' without its ']'; write \\[ for the byte itself")?),
            b'\\' => Token::OneOf(vec![rest.next().ok_or("nothing follows the '\\'")?]),
            byte => Token::OneOf(vec![byte]),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

/// The bytes of a class, up to its `]`.
fn class(rest: &mut impl Iterator<Item = u8>) -> Option<Vec<u8>> {
    let mut members = Vec::new();
    let mut byte = rest.next()?;
    let is_inverted = byte == b'!' || byte == b'^';
    if is_inverted {
        byte = rest.next()?;
    }
    loop {
        members.push(if byte == b'\\' { rest.next()? } else { byte });
        byte = rest.next()?;
        if byte == b'-' {
            match rest.next()? {
                b']' => {
                    members.push(b'-');
                    break;
                }
                last => {
                    let first = members.pop()?;
                    members.extend(first..=last);
                    byte = rest.next()?;
                }
            }
        }
        if byte == b']' {
            break;
        }
    }
    Some((1..=u8::MAX).filter(|byte| members.contains(byte) != is_inverted).collect())
}

/// The automata for all of `globs`.
///
/// # Errors
/// If there are more than there is room for.
pub fn compile(globs: &[Glob]) -> Result<Vec<GlobTable>, String> {
    let mut tables: Vec<GlobTable> = Vec::new();
    let mut place = PLACES;
    for glob in globs {
        let places = 1 + glob.tokens.iter().filter(|token| **token != Token::Any).count();
        if place + places > PLACES {
            tables.push(GlobTable::EMPTY);
            place = 0;
        }
        if let Some(table) = tables.last_mut() {
            add(table, &mut place, &glob.tokens);
        }
    }
    if tables.len() > TABLES {
        return Err(format!("{} names are too many: write patterns that stand for several", globs.len()));
    }
    Ok(tables)
}

fn add(table: &mut GlobTable, place: &mut usize, tokens: &[Token]) {
    table.first |= 1 << *place;
    for token in tokens {
        match token {
            Token::Any => table.loops |= 1 << *place,
            Token::OneOf(bytes) => {
                for &byte in bytes {
                    table.steps[usize::from(byte)] |= 1 << *place;
                }
                *place += 1;
            }
        }
    }
    table.last |= 1 << *place;
    *place += 1;
}

/// Whether a name matches one of the patterns behind `tables`.
#[must_use]
pub fn matches(tables: &[GlobTable], name: &str) -> bool {
    let mut comm = [0; 16];
    let length = name.len().min(COMM_BYTES);
    comm[..length].copy_from_slice(&name.as_bytes()[..length]);
    tables.iter().any(|table| table.matches(&comm))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(patterns: &[&str], name: &str) -> bool {
        let globs: Vec<Glob> = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
        matches(&compile(&globs).unwrap(), name)
    }

    #[test]
    fn names_and_patterns_are_those_of_a_shell() {
        for (pattern, yes, no) in [
            ("nginx", &["nginx"][..], &["nginx:", "ngin", "xnginx", ""][..]),
            ("ngi*", &["ngi", "nginx", "nginx: worker pr"], &["ng", "xngi"]),
            ("*", &["a", "0123456789abcde"], &[]),
            ("*work*", &["work", "kworker/0:1", "network"], &["wrk"]),
            ("a*b*c", &["abc", "aXbXc", "abcbc", "aabbcc"], &["ab", "acb", "abcd"]),
            ("?ava", &["java", "lava"], &["ava", "jjava"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
            ("[!a-c]x", &["dx", "]x"], &["ax"]),
            ("[]-]", &["]", "-"], &["a"]),
            ("\\*", &["*"], &["a"]),
            ("0123456789abcde", &["0123456789abcde"], &["0123456789abcd"]),
        ] {
            yes.iter().for_each(|name| assert!(holds(&[pattern], name), "{pattern} is not {name}"));
            no.iter().for_each(|name| assert!(!holds(&[pattern], name), "{pattern} is {name}"));
        }
    }

    #[test]
    fn several_patterns_do_not_mix() {
        let patterns = ["java", "node*", "*d", "x?z"];
        for (name, holding) in [
            ("java", true),
            ("node", true),
            ("nodejs", true),
            ("sshd", true),
            ("xyz", true),
            ("javanode", false),
            ("jav", false),
            ("", false),
        ] {
            assert_eq!(holds(&patterns, name), holding, "{name}");
        }
        let many: Vec<_> = (0..32).map(|number| format!("name-of-15-by{number:02}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(many.iter().all(|name| holds(&many, name)) && !holds(&many, "name-of-15-by32"));
    }

    #[test]
    fn what_cannot_match_is_refused() {
        for (text, why) in
            [("", "at least one"), ("0123456789abcdef", "15 bytes"), ("[a", "without its"), ("a\\", "nothing follows")]
        {
            assert!(text.parse::<Glob>().unwrap_err().contains(why), "{text}");
        }
        let many: Vec<Glob> = (0..33).map(|number| format!("name-of-15-by{number:02}").parse().unwrap()).collect();
        assert!(compile(&many).unwrap_err().contains("too many"));
    }
}
