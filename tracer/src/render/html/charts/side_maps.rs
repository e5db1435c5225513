//! Latency over time of one side, by the share of the calls, and how two sides differ. Columns of which nothing is known are
//! hatched, so that nobody takes them for columns without slow calls.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Caption,
    bins::bin_of,
    entry,
    heat_map::{ROWS, cells, diamond, diamonds_mean},
    plane::Plane,
    rectangle,
};
use crate::{
    render::{
        html::{
            markup::{Element, el},
            timeline::Slice,
        },
        percentile::of_buckets,
    },
    units::{self, counted, duration, latency},
};

/// Up to which share of a column's calls each shade goes: the same on every map of every page.
const SHADES: [f64; 6] = [1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 1.0];

/// From which difference of shares on each step of the map of differences goes.
const STEPS: [f64; 3] = [1e-4, 1e-3, 1e-2];

/// Height of a power of two.
const OCTAVE: f64 = 12.0;

/// A side in columns of one width; `None`: not measured then.
pub type Columns = [Option<Slice>];

/// A latency's row, and the share of a column's calls in it.
type Shares = BTreeMap<(u64, u64), f64>;

/// The maps of two sides.
pub struct SideMaps<'a> {
    plane: Plane,
    width_ns: u64,
    sides: [&'a Columns; 2],
    threshold_ns: u64,
}

impl<'a> SideMaps<'a> {
    /// `None` if no side has a call in any column.
    pub fn new(sides: [&'a Columns; 2], width_ns: u64, threshold_ns: u64) -> Option<Self> {
        let buckets = || sides.iter().copied().flatten().flatten().flat_map(|slice| &slice.latency);
        let rows: BTreeSet<_> = buckets().map(|&(low, ..)| bin_of(low, ROWS)).collect();
        let latencies = (rows.first()?.0, rows.last()?.1);
        let columns = sides[0].len().max(sides[1].len()) as u64;
        let plane = Plane::new(latencies, (0, width_ns.saturating_mul(columns)), OCTAVE);
        Some(Self { plane, width_ns, sides, threshold_ns })
    }

    fn columns(&self) -> usize {
        self.sides[0].len().max(self.sides[1].len())
    }

    fn times(&self, column: usize) -> (u64, u64) {
        let from = self.width_ns.saturating_mul(column as u64);
        (from, from.saturating_add(self.width_ns))
    }

    fn slice(&self, side: usize, column: usize) -> Option<&Slice> {
        self.sides[side].get(column)?.as_ref()
    }

    /// The map of a side: 0 the old one, 1 the new one.
    pub fn side(&self, caption: &Caption, side: usize) -> Element {
        let mut paths = vec![String::new(); SHADES.len()];
        let (mut diamonds, mut nothing) = (String::new(), Vec::new());
        for column in 0..self.columns() {
            let times = self.times(column);
            let slice = self.slice(side, column);
            let Some(shares) = slice.and_then(shares) else {
                nothing.push(column);
                continue;
            };
            for (&row, &share) in &shares {
                let shade = SHADES.iter().position(|&up_to| share <= up_to).unwrap_or(SHADES.len() - 1);
                paths[shade] += &self.plane.cell(times, row, 0.0);
            }
            for (&row, cell) in &slice.map(cells).unwrap_or_default() {
                if cell.disk_blocked > 0 {
                    diamonds += &diamond(self.plane.middle(times, row));
                }
            }
        }
        let mut chart = self.begin(caption, &nothing);
        for (shade, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
            chart = chart.child(el("path").class(format!("heat{}", shade + 1)).attr("d", path));
        }
        chart = self.plane.threshold(chart, self.threshold_ns);
        if !diamonds.is_empty() {
            chart = chart.child(el("path").class("diamond").attr("d", diamonds));
        }
        self.end(chart, |column| told(self.slice(side, column)))
    }

    /// The new side less the old one: filled where it has more of its calls, hollow where it has fewer.
    pub fn difference(&self, caption: &Caption) -> Element {
        let mut paths = [(); 2].map(|()| vec![String::new(); STEPS.len()]);
        let mut nothing = Vec::new();
        for column in 0..self.columns() {
            let sides = [0, 1].map(|side| self.slice(side, column).and_then(shares));
            let [Some(old), Some(new)] = &sides else {
                nothing.push(column);
                continue;
            };
            for row in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                let [old, new] = [old, new].map(|side| side.get(row).copied().unwrap_or(0.0));
                let Some(step) = STEPS.iter().rposition(|&from| (new - old).abs() >= from) else { continue };
                let (way, inset) = if new > old { (0, 0.0) } else { (1, 0.8) };
                paths[way][step] += &self.plane.cell(self.times(column), *row, inset);
            }
        }
        let mut chart = self.begin(caption, &nothing);
        for (way, paths) in ["more", "fewer"].iter().zip(&paths) {
            for (step, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
                chart = chart.child(el("path").class(format!("{way}{}", step + 1)).attr("d", path));
            }
        }
        chart = self.plane.threshold(chart, self.threshold_ns);
        self.end(chart, |column| format!("old {}; new {}", told(self.slice(0, column)), told(self.slice(1, column))))
    }

    /// The frame, with those columns hatched of which nothing is known.
    fn begin(&self, caption: &Caption, nothing: &[usize]) -> Element {
        let hatch = format!("{}-nothing", caption.id);
        let mut chart = self.plane.begin(caption).child(el("defs").child(hatching(&hatch)));
        for &column in nothing {
            let hatched = self.plane.column("nothing", self.times(column)).attr("fill", format!("url(#{hatch})"));
            chart = chart.child(hatched);
        }
        chart
    }

    fn end(&self, chart: Element, told: impl Fn(usize) -> String) -> Element {
        let mut chart = self.plane.times(chart);
        for column in 0..self.columns() {
            let (from, to) = self.times(column);
            let text = format!("{} to {}: {}", duration(from), duration(to), told(column));
            chart = chart.child(self.plane.column("hit", (from, to)).child(el("title").text(text)));
        }
        chart
    }

    /// Whether a column of a side has nothing to show.
    pub fn lacks_columns(&self) -> bool {
        (0..self.columns()).any(|column| [0, 1].iter().any(|&side| self.slice(side, column).and_then(shares).is_none()))
    }

    /// Whether a call of a side was disk-blocked.
    fn has_diamonds(&self) -> bool {
        self.sides.iter().copied().flatten().flatten().any(|slice| slice.disk_blocked > 0)
    }

    /// What is drawn how on the maps of the sides; `id` is that of the hatching.
    pub fn legend(&self, id: &str) -> Element {
        let mut legend = el("p").class("legend").child(el("span").text("share of the calls in a column"));
        let mut from = 0.0;
        for (shade, &up_to) in SHADES.iter().enumerate() {
            let text = match from {
                0.0 => format!("up to {}", units::share_setting(up_to)),
                from => {
                    format!("{}–{}", units::share_setting(from).trim_end_matches(" %"), units::share_setting(up_to))
                }
            };
            legend = legend.child(entry(rectangle(&format!("heat{}", shade + 1), [0.0, 0.0, 14.0, 14.0]), &text));
            from = up_to;
        }
        let legend = if self.has_diamonds() { legend.child(diamonds_mean()) } else { legend };
        legend.children(self.lacks_columns().then(|| nothing_means(id)))
    }

    /// The same for the map of differences.
    pub fn difference_legend(&self, id: &str) -> Element {
        let mut legend = el("p").class("legend");
        for (way, words, inset) in [("more", "more of the new calls", 0.0), ("fewer", "fewer of them", 0.8)] {
            legend = legend.child(el("span").text(format!("{words}, by")));
            for (step, &from) in STEPS.iter().enumerate() {
                let side = 14.0 - 2.0 * inset;
                let swatch = rectangle(&format!("{way}{}", step + 1), [inset, inset, side, side]);
                let from_text = units::share_setting(from);
                let text = match STEPS.get(step + 1) {
                    Some(&to) => format!("{}–{}", from_text.trim_end_matches(" %"), units::share_setting(to)),
                    None => format!("{from_text} or more"),
                };
                legend = legend.child(entry(swatch, &text));
            }
        }
        legend.children(self.lacks_columns().then(|| nothing_means(id)))
    }
}

/// The share of a column's calls in each row; `None` without calls.
fn shares(slice: &Slice) -> Option<Shares> {
    let cells = cells(slice);
    let all = cells.values().map(|cell| cell.calls).fold(0, u64::saturating_add);
    (all > 0).then(|| cells.into_iter().map(|(row, cell)| (row, cell.calls as f64 / all as f64)).collect())
}

/// A pattern for what is not known.
fn hatching(id: &str) -> Element {
    el("pattern")
        .attr("id", id)
        .attr("width", "7")
        .attr("height", "7")
        .attr("patternUnits", "userSpaceOnUse")
        .attr("patternTransform", "rotate(45)")
        .child(rectangle("hatch", [0.0, 0.0, 1.2, 7.0]))
}

fn nothing_means(id: &str) -> Element {
    let mark = rectangle("nothing", [0.5, 0.5, 13.0, 13.0]).attr("fill", format!("url(#{id}-nothing)"));
    entry(mark, "no calls, or not measured then")
}

/// A column of a side in words.
fn told(slice: Option<&Slice>) -> String {
    let Some(slice) = slice else { return "not measured".into() };
    let mut facts = vec![counted(slice.calls, "call", "calls")];
    facts.extend(of_buckets(&slice.latency, 990).map(|ns| format!("p99 {}", latency(ns))));
    if slice.disk_blocked > 0 {
        facts.push(format!("{} disk-blocked", units::count(slice.disk_blocked)));
    }
    facts.join(", ")
}
