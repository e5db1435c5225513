//! The page of an exporter: how it stands now, in a few lines.

use super::markup::{Element, el};
use crate::{
    model::{ProbeStatus, Recording, Tool},
    render::Served,
    units,
};

/// The page. It loads nothing, and asks for itself anew now and then.
pub fn page(selector: &str, served: &Served<'_>) -> String {
    let head = el("head")
        .child(el("meta").attr("charset", "utf-8"))
        .child(el("meta").attr("http-equiv", "Content-Security-Policy").attr("content", "default-src 'none'"))
        .child(el("meta").attr("http-equiv", "refresh").attr("content", "15"))
        .child(el("meta").attr("name", "viewport").attr("content", "width=device-width, initial-scale=1"))
        .child(el("meta").attr("name", "color-scheme").attr("content", "light dark"))
        .child(el("title").text(format!("tracer serve {selector}")));
    let links = [("/metrics", "metrics"), ("/healthz", "health")].into_iter();
    let latest = [("/report.html", "report of the latest window"), ("/recording.json", "its recording")];
    let links = links.chain(latest.into_iter().filter(|_| served.so_far.latest().is_some()));
    let links = links.map(|(place, name)| el("li").child(el("a").attr("href", place).text(name)));
    let tool = Tool::this();
    let body = el("body")
        .child(el("h1").text(format!("{} {} serve {selector}", tool.name, tool.version)))
        .child(match served.so_far.latest() {
            Some(latest) => verdict(latest),
            None => el("p").text("No window has closed yet."),
        })
        .child(el("p").text(format!(
            "{} measured, {} closed, {} between them unobserved.",
            units::counted(served.targets, "process is", "processes are"),
            units::counted(served.so_far.windows(), "window has", "windows have"),
            units::duration(served.unobserved_ns),
        )))
        .child(el("ul").children(served.so_far.newest().into_iter().flat_map(probes)))
        .child(el("ul").children(links));
    format!("<!DOCTYPE html>\n{}\n", el("html").attr("lang", "en").child(head).child(body))
}

fn verdict(latest: &Recording) -> Element {
    el("p").child(el("strong").text(super::page::title_of(latest.verdict.status))).text(format!(
        " {} (window of {}, from {})",
        latest.verdict.summary,
        units::duration(latest.window.duration_ns),
        latest.window.start
    ))
}

fn probes(newest: &Recording) -> impl Iterator<Item = Element> {
    newest.probes.iter().filter(|probe| probe.status != ProbeStatus::Off).map(|probe| {
        let how = match &probe.reason {
            Some(reason) => format!("not observed: {reason}"),
            None => probe.mechanism.label().to_owned(),
        };
        el("li").text(format!("{}: {how}", probe.name))
    })
}
