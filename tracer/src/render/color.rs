//! Colour, sparingly: whatever it shows, the words say too.

/// What a piece of text is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// The disk: what this program is looking for.
    Disk,
    /// All is well.
    Good,
    /// Something is missing, so read with care.
    Warning,
    /// A heading.
    Heading,
    /// In the background.
    Faint,
}

impl Tint {
    /// Parameters of the ANSI escape sequence "select graphic rendition" (ECMA-48, SGR).
    const fn parameters(self) -> &'static str {
        match self {
            Self::Disk => "1;31",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Heading => "1",
            Self::Faint => "2",
        }
    }
}

/// Tints text, or leaves it alone.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// Whether it tints.
    pub color: bool,
}

impl Paint {
    /// `text`, tinted line by line, so that no colour runs over a line's end.
    pub fn lines(self, tint: Tint, text: &str) -> String {
        if !self.color {
            return text.into();
        }
        text.split_inclusive('\n')
            .map(|line| match line.strip_suffix('\n') {
                Some(line) => self.piece(tint, line) + "\n",
                None => self.piece(tint, line),
            })
            .collect()
    }

    /// `text` within a line, tinted.
    pub fn piece(self, tint: Tint, text: &str) -> String {
        if self.color && !text.is_empty() { format!("\x1b[{}m{text}\x1b[0m", tint.parameters()) } else { text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_its_own_colour() {
        assert_eq!(Paint { color: true }.lines(Tint::Good, "a\n\nb"), "\x1b[32ma\x1b[0m\n\n\x1b[32mb\x1b[0m");
    }

    #[test]
    fn without_colour_there_are_no_escapes() {
        assert_eq!(Paint { color: false }.lines(Tint::Disk, "a\nb"), "a\nb");
    }
}
