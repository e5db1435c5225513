//! The threads that made the calls, worst first.

use super::Report;
use crate::{
    model::{SyscallRecord, ThreadCalls},
    render::{
        color::Tint,
        columns::{
            Column::{Figure, Name, Word},
            Columns, time,
        },
        facts::{UNKNOWN, sum, thread_name},
        percentile::{merged, of_buckets},
    },
    units::{NO_VALUE, count, counted, latency},
};

pub fn list(report: &Report, syscall: &SyscallRecord) -> String {
    if syscall.threads.is_empty() {
        return "  No thread of these calls is known.\n".into();
    }
    let mut headings = vec![
        (report.tid_heading(), Figure),
        ("thread", Name),
        ("role", Word),
        ("calls", Figure),
        ("disk", Figure),
        ("waited", Figure),
        ("p99", Figure),
        ("max", Figure),
    ];
    headings.splice(..0, report.host_column());
    let mut list = Columns::new(&headings);
    let (shown, hidden) = syscall.threads.split_at(syscall.threads.len().min(report.style.top));
    for row in shown {
        let p99_ns = row.latency.percentile(990);
        let words = [report.tid(&row.thread), thread_name(&row.thread), row.thread.role.label().into()];
        let host = report.host(row.thread.hostname.as_deref());
        add(report, &mut list, host, words, Figures { p99_ns, ..Figures::of(std::slice::from_ref(row)) });
    }
    if !hidden.is_empty() {
        let more = counted(hidden.len() as u64, "more thread", "more threads");
        let words = ["…".into(), format!("and {more}"), String::new()];
        add(report, &mut list, report.host(None), words, Figures::of(hidden));
    }
    list.render(2, report.style.width, report.paint)
}

/// What one row says.
struct Figures {
    calls: u64,
    disk_blocked: u64,
    disk_wait_ns: u64,
    p99_ns: Option<u64>,
    max_ns: Option<u64>,
}

impl Figures {
    /// Sums of several threads' figures, and the percentile of their calls together.
    fn of(threads: &[ThreadCalls]) -> Self {
        let max_ns = threads.iter().filter_map(|row| row.max_ns).max();
        let p99_ns = of_buckets(&merged(threads.iter().map(|row| &row.latency)), 990);
        Self {
            calls: sum(threads, |row| row.calls),
            disk_blocked: sum(threads, |row| row.disk_blocked),
            disk_wait_ns: sum(threads, |row| row.disk_wait_ns),
            p99_ns: p99_ns.map(|p99_ns| max_ns.map_or(p99_ns, |max_ns| p99_ns.min(max_ns))),
            max_ns,
        }
    }
}

fn add(report: &Report, list: &mut Columns, host: Option<String>, words: [String; 3], figures: Figures) {
    let or_none = |ns: Option<u64>| ns.map_or_else(|| NO_VALUE.into(), latency);
    let disk = |figure: String| if report.knows_disk_waits() { figure } else { UNKNOWN.into() };
    let shown = [
        count(figures.calls),
        disk(count(figures.disk_blocked)),
        disk(time(figures.disk_wait_ns)),
        or_none(figures.p99_ns),
        or_none(figures.max_ns),
    ];
    let cells: Vec<_> = host.into_iter().chain(words).chain(shown).collect();
    list.row(cells, (figures.disk_blocked > 0).then_some(Tint::Disk));
}
