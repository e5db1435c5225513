//! A page of limited length: what does not fit is left out as a whole, and named.

/// What GitHub takes for a comment, in characters; here in bytes, which are never fewer.
const LIMIT: usize = 65_536;

/// Room for the last line.
const LAST_LINE: usize = 600;

/// Names in the last line; the rest is counted.
const NAMED: usize = 5;

pub struct Page {
    text: String,
    cut: Vec<String>,
}

impl Page {
    /// Begins with what is never left out.
    pub fn new(text: String) -> Self {
        Self { text, cut: Vec::new() }
    }

    /// Adds a section if it fits.
    pub fn add(&mut self, what: &str, section: &str) {
        if self.text.len() + section.len() + LAST_LINE <= LIMIT {
            self.text += section;
        } else {
            self.cut.push(what.to_owned());
        }
    }

    /// The page, with a line that says what was left out.
    pub fn finish(mut self) -> String {
        if !self.cut.is_empty() {
            let more = match self.cut.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let names = self.cut[..self.cut.len().min(NAMED)].join(", ");
            self.text += &format!("_Left out, as a comment has at most 65,536 characters: {names}{more}._\n");
        }
        self.text.truncate(self.text.trim_end().len());
        self.text + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named() {
        let mut page = Page::new("verdict\n".into());
        page.add("threads", &"x".repeat(60_000));
        page.add("files", &"y".repeat(10_000));
        page.add("clients", "z\n");
        let text = page.finish();
        assert!(text.len() <= LIMIT && text.contains("characters: files._") && text.contains("xz\n"), "{}", text.len());
    }

    #[test]
    fn the_last_line_itself_stays_short() {
        let mut page = Page::new("x".repeat(LIMIT - LAST_LINE));
        (0..1000).for_each(|number| page.add(&format!("files of call {number}"), "y"));
        let text = page.finish();
        assert!(text.len() <= LIMIT && text.contains("and 995 more"), "{}", text.len());
    }
}
