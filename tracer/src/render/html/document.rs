//! What all pages have: the head with the policy, the header, the list of contents, and the foot.

use super::{
    markup::{Element, el},
    policy,
    section::Section,
};
use crate::model::Tool;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A page.
pub struct Document<'a> {
    /// What the window is called.
    pub title: String,
    /// What was called: `tracer sendfile`.
    pub command: String,
    /// Of what, where and when, in a few words each.
    pub about: Vec<String>,
    /// What stands above the list of contents: the answer, and what to know before it is believed.
    pub first: Vec<Element>,
    /// What stands below it, each with its anchor and its name in the list.
    pub parts: Vec<Part>,
    /// What wrote it.
    pub tool: &'a Tool,
}

/// A part of a page, as the list of contents has it.
pub struct Part {
    /// Its anchor.
    pub id: &'static str,
    /// Its name in the list.
    pub title: &'static str,
    /// The part itself.
    pub element: Element,
}

impl From<Section> for Part {
    fn from(section: Section) -> Self {
        Self { id: section.id, title: section.title, element: section.render() }
    }
}

impl Document<'_> {
    /// The whole page.
    pub fn render(self) -> String {
        let head = el("head")
            .child(el("meta").attr("charset", "utf-8"))
            .child(el("meta").attr("http-equiv", "Content-Security-Policy").attr("content", policy::of(SCRIPT, STYLE)))
            .child(el("meta").attr("name", "viewport").attr("content", "width=device-width, initial-scale=1"))
            .child(el("meta").attr("name", "color-scheme").attr("content", "light dark"))
            .child(el("meta").attr("name", "referrer").attr("content", "no-referrer"))
            .child(el("title").text(self.title))
            .child(el("style").raw(STYLE));
        let links = self
            .parts
            .iter()
            .map(|Part { id, title, .. }| el("li").child(el("a").attr("href", format!("#{id}")).text(title)));
        let contents = el("nav").attr("aria-label", "Contents").child(el("ul").children(links));
        let about = self.about.iter().map(|item| el("li").text(item));
        let header =
            el("header").child(el("p").class("command").text(self.command.trim())).child(el("ul").children(about));
        let main = el("main")
            .attr("id", "main")
            .children(self.first)
            .child(contents)
            .children(self.parts.into_iter().map(|part| part.element));
        let body = el("body")
            .child(el("a").class("skip").attr("href", "#main").text("Skip to the verdict"))
            .child(header)
            .child(main)
            .child(el("footer").child(el("p").text(format!(
                "Written by {} {}. This page is one file: it loads nothing and sends nothing.",
                self.tool.name, self.tool.version
            ))))
            .child(el("script").raw(SCRIPT));
        format!("<!DOCTYPE html>\n{}\n", el("html").attr("lang", "en").child(head).child(body))
    }
}
