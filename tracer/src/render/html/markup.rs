//! HTML and SVG in the making. Every string is escaped as it is put in, so nothing that a recording says becomes markup.

use std::fmt::{self, Display, Write as _};

use crate::escape::escape;

/// Elements that have no end tag (HTML standard, 13.1.2).
const VOID: [&str; 3] = ["meta", "input", "br"];

/// An element with its attributes and what is in it.
#[must_use]
#[derive(Clone)]
pub struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

impl Element {
    /// An empty one.
    pub fn new(name: &'static str) -> Self {
        Self { name, attributes: String::new(), content: String::new() }
    }

    /// With an attribute.
    pub fn attr(mut self, name: &'static str, value: impl Display) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.attributes, " {name}=\"{}\"", safe(&value.to_string()));
        self
    }

    /// With an attribute that needs no value.
    pub fn flag(mut self, name: &'static str) -> Self {
        let _ = write!(self.attributes, " {name}");
        self
    }

    /// With a class.
    pub fn class(self, class: impl Display) -> Self {
        self.attr("class", class)
    }

    /// With text behind what is there.
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        self.content.push_str(&safe(text.as_ref()));
        self
    }

    /// With an element behind what is there.
    pub fn child(mut self, child: Self) -> Self {
        let _ = write!(self.content, "{child}");
        self
    }

    /// With elements behind what is there.
    pub fn children(self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().fold(self, Self::child)
    }

    /// With a style sheet, a script, or data that is known to end no element.
    pub fn raw(mut self, text: &str) -> Self {
        self.content.push_str(text);
        self
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, attributes, content } = self;
        if VOID.contains(name) {
            write!(f, "<{name}{attributes}>")
        } else {
            write!(f, "<{name}{attributes}>{content}</{name}>")
        }
    }
}

/// An element.
pub fn el(name: &'static str) -> Element {
    Element::new(name)
}

/// Text as it may stand between tags and in quotes: what would act is made visible, what would be markup is quoted.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let hostile = "</p><script>alert(\"x\" + 'y')</script>\u{202e}&amp;\x1b";
        let quoted = "&lt;/p&gt;&lt;script&gt;alert(&quot;x&quot; + &#39;y&#39;)&lt;/script&gt;\\u{202e}&amp;amp;\\x1b";
        assert_eq!(
            el("p").attr("title", hostile).text(hostile).to_string(),
            format!("<p title=\"{quoted}\">{quoted}</p>")
        );
    }

    #[test]
    fn elements_nest_and_void_ones_have_no_end() {
        let label = el("label").text("filter ").child(el("input").attr("type", "search"));
        assert_eq!(label.to_string(), "<label>filter <input type=\"search\"></label>");
        assert_eq!(el("ul").children([el("li").text("a"), el("li")]).to_string(), "<ul><li>a</li><li></li></ul>");
    }
}
