//! The recording itself.

use std::io::{self, Write};

use serde::Serialize as _;
use serde_json::ser::{Formatter, Serializer};

use crate::model::{IntervalLine, Recording};

/// The recording as JSON for people and programs: a line for each member and for each row of a list, with a newline at
/// the end. With a line for every figure, an hour's recording would be half as long again; with spaces inside the lines,
/// a ninth.
#[must_use]
pub fn json(recording: &Recording) -> String {
    let mut text = Vec::new();
    let written = recording.serialize(&mut Serializer::with_formatter(&mut text, Rows::default()));
    // The types hold no map with keys that JSON lacks, the only way this can fail.
    written.expect("a recording is always JSON");
    text.push(b'\n');
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// Another document as JSON for people and programs, with a newline at the end.
pub fn document(document: &impl serde::Serialize) -> String {
    // As above.
    serde_json::to_string_pretty(document).expect("a document is always JSON") + "\n"
}

/// Members whose rows have lists of their own: in these, too, each row has a line.
const NESTED: &str = "syscalls";

/// Levels with a line for each item: the recording and its lists; of [`NESTED`], its rows and their lists too.
const LEVELS: usize = 2;
const NESTED_LEVELS: usize = 4;

/// Breaks lines down to some level.
#[derive(Default)]
struct Rows {
    level: usize,
    /// Whether the key of an outermost member is being written, and whether that is [`NESTED`].
    in_key: bool,
    is_nested: bool,
    /// Whether the object or array that was opened last is still empty.
    is_empty: bool,
}

impl Rows {
    fn breaks(&self) -> bool {
        self.level <= if self.is_nested { NESTED_LEVELS } else { LEVELS }
    }

    fn open<W: ?Sized + Write>(&mut self, to: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.level += 1;
        self.is_empty = true;
        to.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, to: &mut W, bracket: &[u8]) -> io::Result<()> {
        let on_its_own = self.breaks() && !self.is_empty;
        self.level -= 1;
        self.is_empty = false;
        if on_its_own {
            self.line(to)?;
        }
        to.write_all(bracket)
    }

    /// Before an item, or the end of several.
    fn line<W: ?Sized + Write>(&self, to: &mut W) -> io::Result<()> {
        to.write_all(b"\n")?;
        (0..self.level).try_for_each(|_| to.write_all(b" "))
    }

    fn item<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.is_empty = false;
        match (self.breaks(), first) {
            (true, true) => self.line(to),
            (true, false) => to.write_all(b",").and_then(|()| self.line(to)),
            (false, true) => Ok(()),
            (false, false) => to.write_all(b","),
        }
    }
}

impl Formatter for Rows {
    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b"}")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.item(to, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if self.level == 1 {
            (self.in_key, self.is_nested) = (true, false);
        }
        self.item(to, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.in_key = false;
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(if self.breaks() { b": " } else { b":" })
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        self.is_nested |= self.in_key && fragment == NESTED;
        to.write_all(fragment.as_bytes())
    }
}

/// A piece of the window as one line of JSON.
#[must_use]
pub fn interval_line(line: &IntervalLine) -> String {
    let text = serde_json::to_string(line);
    // As above.
    text.expect("an interval is always JSON") + "\n"
}
