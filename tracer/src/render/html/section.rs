//! A part of the page with a heading and an anchor.

use super::markup::{Element, el};

/// A part under construction.
pub struct Section {
    /// Its anchor.
    pub id: &'static str,
    /// Its heading, also in the list of contents.
    pub title: &'static str,
    content: Vec<Element>,
}

impl Section {
    /// An empty one.
    pub fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title, content: Vec::new() }
    }

    /// Adds a paragraph that explains.
    pub fn note(&mut self, text: String) {
        self.add(el("p").class("remark").text(text));
    }

    /// Adds a paragraph about something that is missing.
    pub fn warn(&mut self, text: String) {
        self.add(el("p").class("warning").text(text));
    }

    /// Adds anything.
    pub fn add(&mut self, element: Element) {
        self.content.push(element);
    }

    /// As it stands on the page.
    pub fn render(self) -> Element {
        let heading = format!("{}-heading", self.id);
        el("section")
            .attr("id", self.id)
            .attr("aria-labelledby", &heading)
            .child(el("h2").attr("id", &heading).text(self.title))
            .children(self.content)
    }
}
