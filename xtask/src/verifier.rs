//! `cargo xtask verifier`: how many instructions each kernel's verifier looks at before it takes a program. A figure that
//! doubles is a warning: the next kernel may refuse it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::command::Run;
use crate::doctor::Doctor;
use crate::page::Place;
use crate::test::Counts;
use crate::vm;
use crate::workspace::Workspace;

/// No program may need more. The kernel's own limit is a million (`BPF_COMPLEXITY_LIMIT_INSNS`, include/linux/bpf.h).
const MOST: u64 = 100_000;

/// Nor more than this many times its committed figure.
const GROWTH: u64 = 2;

/// The committed figures.
const COMMITTED: &str = "docs/verifier.json";

const PAGE: Place = Place { page: "docs/kernels.md", task: "cargo xtask verifier --update" };

/// By program and kernel, such as 6.1: instructions.
type Figures = BTreeMap<String, BTreeMap<String, u64>>;

/// What the person asks for.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Commit to the figures as they are now, in docs/verifier.json and docs/kernels.md
    #[arg(long)]
    update: bool,
}

/// Measures, prints and compares.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    Run::cargo().args(["build", "--locked", "--package", "tracer"]).current_dir(&workspace.root).status()?;
    let figures = measure(workspace)?;
    println!("{}", table(&figures));
    if options.update {
        let text = serde_json::to_string_pretty(&figures)? + "\n";
        std::fs::write(workspace.path(COMMITTED), text).with_context(|| format!("cannot write {COMMITTED}"))?;
        PAGE.write(workspace, &table(&figures))?;
        return Ok(ExitCode::SUCCESS);
    }
    let faults = faults(&figures, &committed(workspace)?);
    faults.iter().for_each(|fault| println!("{fault}"));
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same as a step of the tests: a program on a kernel is a test.
pub fn test(workspace: &Workspace) -> Result<Counts> {
    let figures = measure(workspace)?;
    println!("{}", table(&figures));
    let faults = faults(&figures, &committed(workspace)?);
    faults.iter().for_each(|fault| println!("{fault}"));
    let all = figures.values().map(BTreeMap::len).sum::<usize>();
    Ok(Counts { passed: all.saturating_sub(faults.len()), failed: faults.len(), skipped: 0 })
}

/// The figures of the running kernel, and of those whose last results are kept.
fn measure(workspace: &Workspace) -> Result<Figures> {
    let mut figures = Figures::new();
    let doctor = doctor_here(workspace)?;
    let here = doctor.host.kernel.split('.').take(2).collect::<Vec<_>>().join(".");
    add(&mut figures, &here, &doctor);
    if figures.is_empty() {
        bail!("no program was attached here: run it as root");
    }
    for result in vm::kept(workspace) {
        add(&mut figures, &result.version, &result.doctor);
    }
    Ok(figures)
}

/// What tracer finds on the running kernel.
fn doctor_here(workspace: &Workspace) -> Result<Doctor> {
    let tracer = workspace.target.join("debug/tracer");
    let root = crate::privilege::Root::without_asking().context("the kernel shows its verifier to root alone")?;
    Doctor::parse(&Run::new(&tracer).args(["doctor", "-f", "json"]).through(root).capture()?)
}

/// Adds what the verifier of `kernel` looked at, the most where a program was loaded more than once.
fn add(figures: &mut Figures, kernel: &str, doctor: &Doctor) {
    for program in doctor.programs() {
        if let Some(count) = program.verified_instructions {
            let most = figures.entry(program.name.clone()).or_default().entry(kernel.to_owned()).or_default();
            *most = count.max(*most);
        }
    }
}

fn committed(workspace: &Workspace) -> Result<Figures> {
    let text =
        std::fs::read_to_string(workspace.path(COMMITTED)).with_context(|| format!("cannot read {COMMITTED}"))?;
    serde_json::from_str(&text).with_context(|| format!("{COMMITTED} is none of these figures"))
}

/// What is too much, a line each.
fn faults(figures: &Figures, committed: &Figures) -> Vec<String> {
    let mut faults = Vec::new();
    for (program, kernels) in figures {
        for (kernel, &count) in kernels {
            let before = committed.get(program).and_then(|kernels| kernels.get(kernel));
            if count > MOST {
                faults.push(format!("{program} on {kernel}: {count} instructions, more than {MOST}"));
            } else if let Some(before) = before.filter(|&&before| count > before * GROWTH) {
                faults.push(format!("{program} on {kernel}: {count} instructions, committed are {before}"));
            }
        }
    }
    faults
}

/// Markdown.
fn table(figures: &Figures) -> String {
    let mut kernels: Vec<_> = figures.values().flat_map(BTreeMap::keys).collect();
    kernels.sort_by_key(|kernel| kernel.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>());
    kernels.dedup();
    let names: Vec<_> = kernels.iter().map(|kernel| kernel.as_str()).collect();
    let mut text = format!("| program | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()));
    for (program, counts) in figures {
        let cells: Vec<_> =
            kernels.iter().map(|kernel| counts.get(*kernel).map_or("–".to_owned(), u64::to_string)).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{program}` | {} |", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{Probe, Program, Rung};

    #[test]
    fn the_most_that_a_program_took_is_its_figure() {
        let program = |count| Program { name: "sched_switch".into(), verified_instructions: count };
        let of = |counts: &[Option<u64>]| {
            let programs = counts.iter().map(|count| program(*count)).collect();
            let rungs = vec![Rung { mechanism: "tp_btf".into(), holds: true, programs }];
            let probe = Probe { name: "disk waits".into(), chosen: "tp_btf".into(), rungs };
            Doctor { probes: vec![probe], ..Doctor::default() }
        };
        let mut figures = Figures::new();
        add(&mut figures, "6.1", &of(&[Some(41_308), None, Some(9)]));
        add(&mut figures, "6.12", &of(&[Some(9)]));
        assert_eq!(table(&figures), "| program | 6.1 | 6.12 |\n|---|---:|---:|\n| `sched_switch` | 41308 | 9 |\n");
    }

    #[test]
    fn what_doubles_or_is_beyond_the_limit_is_a_fault() {
        let figures = |count: u64| Figures::from([("a".to_owned(), BTreeMap::from([("6.1".to_owned(), count)]))]);
        assert!(faults(&figures(200), &figures(100)).is_empty());
        assert_eq!(faults(&figures(201), &figures(100)), ["a on 6.1: 201 instructions, committed are 100"]);
        assert_eq!(faults(&figures(MOST + 1), &figures(MOST)).len(), 1);
        // A program that is new has its limit alone.
        assert!(faults(&figures(MOST), &Figures::new()).is_empty());
    }
}
