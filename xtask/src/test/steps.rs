//! The steps of `cargo xtask test`, in the order in which they run: what fails fast and cheaply comes first.

use anyhow::{Result, bail};

use super::{Context, Counts, Step, one, privileged, require_target, run_tests};
use crate::command::Run;
use crate::vm::selection;
use crate::workspace::TESTS_PACKAGE;
use crate::{ebpf, fuzz, setup, verifier};

/// How long the fuzzer runs among the tests.
const FUZZ_SECONDS: u32 = 30;

pub const ALL: &[Step] = &[
    Step { name: "setup", what: "install what is missing", run: |context| one(setup::run(context.workspace)) },
    Step { name: "format", what: "cargo fmt --check", run: format },
    Step { name: "clippy", what: "lints, warnings are errors", run: clippy },
    Step { name: "clippy-ebpf", what: "lints of the kernel half", run: |context| one(ebpf::clippy(context.workspace)) },
    Step { name: "doc", what: "documentation without warnings", run: doc },
    Step {
        name: "ebpf",
        what: "the committed eBPF object is what the sources give",
        run: |context| one(ebpf::check(context.workspace)),
    },
    Step { name: "build", what: "the binaries", run: build },
    Step { name: "unit", what: "unit tests", run: unit },
    Step { name: "cli", what: "command-line, golden and report tests, and the tests' own", run: unprivileged },
    Step {
        name: "fuzz",
        what: "half a minute of made-up recordings and objectives",
        run: |context| one(fuzz::run(context.workspace, FUZZ_SECONDS)),
    },
    Step {
        name: "kernel",
        what: "tests on the running kernel, as root",
        run: |context| as_root(context, privileged::KERNEL, |run| run),
    },
    Step { name: "guarded", what: "the same by the programs for older kernels, chosen tests", run: guarded },
    Step {
        name: "verifier",
        what: "programs need no more of the verifiers than they did",
        run: |context| verifier::test(context.workspace),
    },
    Step {
        name: "programs",
        what: "real servers on the running kernel, as root",
        run: |context| as_root(context, privileged::PROGRAMS, |run| run),
    },
];

fn format(context: &Context) -> Result<Counts> {
    context.cargo().args(["fmt", "--all", "--check"]).status()?;
    one(context.cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]).status())
}

fn clippy(context: &Context) -> Result<Counts> {
    one(context.cargo().args(["clippy", "--locked", "--all-targets", "--", "-D", "warnings"]).status())
}

fn doc(context: &Context) -> Result<Counts> {
    one(context.cargo().args(["doc", "--locked", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings").status())
}

fn build(context: &Context) -> Result<Counts> {
    one(context.cargo().args(["build", "--locked", "--bins"]).status())
}

fn unit(context: &Context) -> Result<Counts> {
    let excluded = ["--exclude", TESTS_PACKAGE, "--exclude", "tracer-ebpf"];
    run_tests(context.cargo().args(["test", "--locked", "--no-fail-fast", "--workspace"]).args(excluded))
}

fn unprivileged(context: &Context) -> Result<Counts> {
    let targets: Vec<_> =
        context.workspace.test_targets.iter().filter(|name| !privileged::TARGETS.contains(&name.as_str())).collect();
    if targets.is_empty() {
        bail!("the package {TESTS_PACKAGE} has no test target but {}", privileged::TARGETS.join(", "));
    }
    let run =
        context.cargo().args(["test", "--locked", "--no-fail-fast", "--package", TESTS_PACKAGE, "--lib", "--bins"]);
    let run = targets.into_iter().fold(run, |run, target| run.args(["--test", target]));
    let tracer = context.workspace.target.join("debug/tracer");
    run_tests(run.env("TRACER_BINARY", tracer).env("TRACER_SKIPS", context.skips.path()))
}

/// What runs on other kernels runs here by the object that the oldest of them get.
fn guarded(context: &Context) -> Result<Counts> {
    let chosen = |run: Run| run.arg("--exact").args(selection::TESTS).env("TRACER_OPTIONS", "--guarded");
    as_root(context, privileged::KERNEL, chosen)
}

/// Runs a target; `which` may choose among its tests.
fn as_root(context: &Context, target: &str, which: impl FnOnce(Run) -> Run) -> Result<Counts> {
    require_target(context.workspace, target)?;
    let tests = privileged::Tests::build(context.workspace, target)?;
    let Some(root) = crate::privilege::Root::without_asking() else {
        let skipped = tests.count()?;
        println!("SKIPPED {skipped} tests: neither root nor sudo without a password");
        return Ok(Counts { skipped, ..Counts::default() });
    };
    let tracer = context.workspace.target.join("debug/tracer");
    run_tests(which(tests.run(&tracer)).env("TRACER_SKIPS", context.skips.path()).through(root))
}
