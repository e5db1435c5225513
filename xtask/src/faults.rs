//! `cargo xtask test --faults`: a test that has never been red proves nothing. Each deliberate fault is built
//! into a tracer of its own, and the tests that guard against it must turn red; with the sound tracer they pass.
//!
//! Each fault must turn the self-test of `tracer doctor` red as well, which all users have.
//!
//! A harm is the opposite: what a kernel may do to a sound tracer, such as withholding events. Its tests must stay
//! green.
//!
//! A red test counts only if the faulty tracer did its work: it loaded, measured, ended with exit code 0 and wrote
//! a recording. The tests say so themselves, in the file that TRACER_RUNS names (docs/testing.md).

mod self_test;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::command::Run;
use crate::ebpf;
use crate::privilege::Root;
use crate::test::privileged::{self, Tests};
use crate::test::require_target;
use crate::workspace::Workspace;

/// Which half a fault is built into.
#[derive(Clone, Copy)]
enum Half {
    /// A feature of tracer-ebpf.
    Kernel,
    /// A feature of tracer.
    User,
}

/// What the tests must say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// The fault is in tracer: each test turns red.
    Red,
    /// The harm comes from outside, and tracer makes up for it: each test stays green.
    Green,
}

struct Fault {
    /// The cargo feature that builds it in.
    feature: &'static str,
    half: Half,
    what: &'static str,
    expect: Expect,
    /// Tests of the kernel target that guard against it.
    tests: &'static [&'static str],
}

const FAULTS: &[Fault] = &[
    Fault {
        feature: "fault-calls-lost",
        half: Half::Kernel,
        what: "some calls are not counted",
        expect: Expect::Red,
        tests: &["counting::each_thread_has_exactly_its_calls_bytes_and_errors"],
    },
    Fault {
        feature: "fault-iowait-ignored",
        half: Half::Kernel,
        what: "in_iowait is not looked at, so that no sleep is a disk wait",
        expect: Expect::Red,
        tests: &["parts::disk_time_on_a_throttled_disk_follows_from_its_rate"],
    },
    Fault {
        feature: "fault-threads-mixed",
        half: Half::Kernel,
        what: "a thread takes the slot of another one",
        expect: Expect::Red,
        tests: &["counting::a_reused_tid_keeps_two_threads_apart"],
    },
    Fault {
        feature: "fault-turns-merged",
        half: Half::Kernel,
        what: "a readiness wait that finds events at once ends no turn",
        expect: Expect::Red,
        tests: &["event_loops::turns_and_waits_are_those_of_the_loops_own_clock"],
    },
    Fault {
        feature: "fault-children-missed",
        half: Half::Kernel,
        what: "every eighth child that is forked is not followed",
        expect: Expect::Red,
        tests: &["storms::a_thousand_children_a_second_are_each_counted"],
    },
    Fault {
        feature: "fault-directions-mixed",
        half: Half::Kernel,
        what: "the descriptors of a splice are not looked at",
        expect: Expect::Red,
        tests: &["splice::each_direction_has_exactly_its_calls_bytes_and_errors"],
    },
    Fault {
        feature: "fault-files-mixed",
        half: Half::Kernel,
        what: "all files share one row",
        expect: Expect::Red,
        tests: &["pagecache::cold_pages_of_each_means_to_read_are_mincores_gain"],
    },
    Fault {
        feature: "fault-stacks-late",
        half: Half::Kernel,
        what: "every second sleep is told with the stack of the one before",
        expect: Expect::Red,
        tests: &["stacks::the_functions_that_wait_are_named_in_their_order"],
    },
    Fault {
        feature: "fault-wrong-offset",
        half: Half::User,
        what: "the offset of the moment when a task was last queued is off",
        expect: Expect::Red,
        tests: &["parts::cpu_load_adds_to_the_run_queue_and_not_to_the_disk"],
    },
    Fault {
        feature: "fault-probe-not-attached",
        half: Half::User,
        what: "the hook on context switches is not attached",
        expect: Expect::Red,
        tests: &["parts::disk_time_on_a_throttled_disk_follows_from_its_rate"],
    },
    Fault {
        feature: "fault-let-go-early",
        half: Half::User,
        what: "a command is let go some milliseconds before the window opens",
        expect: Expect::Red,
        tests: &["run::what_the_loader_reads_before_a_program_begins_is_counted_too"],
    },
    Fault {
        feature: "harm-view-panics",
        half: Half::User,
        what: "the live view panics when it draws for the third time",
        expect: Expect::Green,
        tests: &["live::a_view_that_fails_takes_neither_the_terminal_nor_the_measurement_with_it"],
    },
    Fault {
        feature: "harm-switches-withheld",
        half: Half::Kernel,
        what: "every fourth context switch that ends a sleep is withheld",
        expect: Expect::Green,
        tests: &[
            "disk_waits::a_read_that_lasts_several_sleeps_is_one_disk_blocked_call",
            "parts::cpu_load_adds_to_the_run_queue_and_not_to_the_disk",
            "parts::run_queue_time_is_schedstats_run_delay",
        ],
    },
];

/// What became of a fault.
enum Verdict {
    AsExpected,
    /// This test said the opposite.
    Opposite(&'static str),
}

pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    let Some(root) = Root::without_asking() else {
        bail!("the faults are shown by tests that need root: run it as root, or let sudo need no password");
    };
    require_target(workspace, privileged::KERNEL)?;
    let bench = Bench::prepare(workspace, root)?;
    let mut lines = Vec::new();
    let (mut caught, mut missed, mut errors) = (0, 0, 0);
    for fault in FAULTS {
        println!("\n=== {}: {} ===", fault.feature, fault.what);
        let outcome = match bench.try_fault(fault) {
            Ok(Verdict::AsExpected) => {
                caught += 1;
                match fault.expect {
                    Expect::Red => format!("caught by {}, {}", fault.tests.join(", "), self_test::NAME),
                    Expect::Green => format!("borne in {}", fault.tests.join(", ")),
                }
            }
            Ok(Verdict::Opposite(test)) => {
                missed += 1;
                match fault.expect {
                    Expect::Red => format!("NOT CAUGHT: {test} passed in spite of it"),
                    Expect::Green => format!("NOT BORNE: {test} failed"),
                }
            }
            Err(error) => {
                errors += 1;
                format!("ERROR: {error:#}")
            }
        };
        println!("--- {}: {outcome}", fault.feature);
        lines.push(format!("{:26} {outcome}", fault.feature));
    }
    println!("\n{}\n\n{caught} as they should, {missed} not, {errors} errors", lines.join("\n"));
    Ok(if missed + errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The sound tracer, the tests, and which of them pass with it.
struct Bench<'a> {
    workspace: &'a Workspace,
    root: Root,
    tests: Tests,
    /// Faulty tracers go here: they must never lie where a sound one is expected.
    directory: PathBuf,
    sound_tests: std::cell::RefCell<HashSet<&'static str>>,
}

impl<'a> Bench<'a> {
    fn prepare(workspace: &'a Workspace, root: Root) -> Result<Self> {
        println!("=== the sound tracer and the tests ===");
        Run::cargo().args(["build", "--locked", "--package", "tracer"]).current_dir(&workspace.root).status()?;
        let tests = Tests::build(workspace, privileged::KERNEL)?;
        let directory = workspace.target.join("faults");
        std::fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
        if self_test::turns_red(&workspace.target.join("debug/tracer"), root)? {
            bail!("{} is red with the sound tracer too, so it shows nothing", self_test::NAME);
        }
        Ok(Self { workspace, root, tests, directory, sound_tests: Default::default() })
    }

    fn try_fault(&self, fault: &Fault) -> Result<Verdict> {
        for test in fault.tests {
            self.must_pass_with_the_sound_tracer(test)?;
        }
        let tracer = self.build(fault)?;
        for test in fault.tests {
            if self.turns_red(test, &tracer)? != (fault.expect == Expect::Red) {
                return Ok(Verdict::Opposite(test));
            }
        }
        if fault.expect == Expect::Red && !self_test::turns_red(&tracer, self.root)? {
            return Ok(Verdict::Opposite(self_test::NAME));
        }
        Ok(Verdict::AsExpected)
    }

    fn must_pass_with_the_sound_tracer(&self, test: &'static str) -> Result<()> {
        if self.sound_tests.borrow().contains(test) {
            return Ok(());
        }
        if self.turns_red(test, &self.workspace.target.join("debug/tracer"))? {
            bail!("{test} is red with the sound tracer too, so it shows nothing");
        }
        self.sound_tests.borrow_mut().insert(test);
        Ok(())
    }

    /// Builds the tracer with this fault, in a target directory that all faults share.
    fn build(&self, fault: &Fault) -> Result<PathBuf> {
        let build = Run::cargo()
            .args(["build", "--locked", "--package", "tracer"])
            .env("CARGO_TARGET_DIR", &self.directory)
            .current_dir(&self.workspace.root);
        let build = match fault.half {
            Half::Kernel => {
                let object = self.directory.join(format!("{}.o", fault.feature));
                ebpf::build_to(self.workspace, &[fault.feature.to_owned()], &object)?;
                self.must_differ(&object)?;
                build.env("TRACER_EBPF_OBJECT", object)
            }
            Half::User => build.args(["--features", fault.feature]),
        };
        build.status().context("the faulty tracer does not build")?;
        let tracer = self.directory.join(format!("tracer-{}", fault.feature));
        std::fs::copy(self.directory.join("debug/tracer"), &tracer).context("cannot keep the faulty tracer")?;
        Ok(tracer)
    }

    /// A feature that no line of tracer-ebpf asks for is no fault.
    fn must_differ(&self, object: &Path) -> Result<()> {
        let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        if read(object)? == read(&self.workspace.path(ebpf::Object::NATIVE.path()))? {
            bail!("the faulty object is the committed one: the feature changes nothing");
        }
        Ok(())
    }

    /// Whether the test fails with this tracer, after the tracer has measured.
    fn turns_red(&self, test: &str, tracer: &Path) -> Result<bool> {
        let runs = self.directory.join("runs.txt");
        let skips = self.directory.join("skips.txt");
        for file in [&runs, &skips] {
            std::fs::write(file, "").with_context(|| format!("cannot write {}", file.display()))?;
        }
        let run = self.tests.run(tracer).args(["--exact", test]).env("TRACER_RUNS", &runs).env("TRACER_SKIPS", &skips);
        let mut output = String::new();
        let status = run.through(self.root).for_each_line(|line| {
            println!("{line}");
            output.push_str(line);
            output.push('\n');
        })?;
        let read =
            |path: &Path| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
        is_red(test, &output, status.success(), &read(&runs)?, &read(&skips)?)
    }
}

/// Judges one run of one test: red, green, or an error if it shows neither.
fn is_red(test: &str, output: &str, success: bool, runs: &str, skips: &str) -> Result<bool> {
    if !output.lines().any(|line| line == "running 1 test") {
        bail!("there is no test {test}");
    }
    if runs.is_empty() {
        bail!(
            "{test} never got as far as running tracer{}",
            skips.lines().map(|skip| format!("\n  {skip}")).collect::<String>()
        );
    }
    if let Some(run) = runs.lines().find(|run| *run != MEASURED) {
        bail!("tracer did not measure, so {test} shows nothing: {run}");
    }
    let failed = output.lines().any(|line| line.starts_with("test result: FAILED. 0 passed; 1 failed;"));
    if failed == success {
        bail!("{test} broke off without a result");
    }
    Ok(failed)
}

/// What a test writes to the file TRACER_RUNS after each run of tracer that went well.
const MEASURED: &str = "exit code 0, recording written";

#[cfg(test)]
mod tests {
    use super::*;

    const GREEN: &str =
        "\nrunning 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out";
    const RED: &str = "\nrunning 1 test\ntest a ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out";
    const RAN: &str = "exit code 0, recording written\n";

    fn why(output: &str, success: bool, runs: &str, skips: &str) -> String {
        is_red("a", output, success, runs, skips).unwrap_err().to_string()
    }

    #[test]
    fn red_and_green_are_told_apart() {
        assert!(is_red("a", RED, false, RAN, "").unwrap());
        assert!(!is_red("a", GREEN, true, RAN, "").unwrap());
    }

    #[test]
    fn a_red_test_whose_tracer_did_not_measure_is_no_catch() {
        assert!(why(RED, false, "exit code 4, no recording\n", "").contains("exit code 4"));
        assert!(why(RED, false, &format!("{RAN}ended by signal 9\n"), "").contains("signal 9"));
        assert!(why(RED, false, "", "").contains("never got as far"));
    }

    #[test]
    fn a_test_that_is_missing_or_skipped_or_died_shows_nothing() {
        let none = "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 10 filtered out";
        assert!(why(none, true, RAN, "").contains("no test a"));
        assert!(why(GREEN, true, "", "SKIPPED a: no throttle\n").contains("no throttle"));
        assert!(why("\nrunning 1 test\n", false, RAN, "").contains("broke off"));
    }

    #[test]
    fn every_fault_names_a_test() {
        let prefix = |expect| if expect == Expect::Red { "fault-" } else { "harm-" };
        assert!(FAULTS.iter().all(|fault| fault.feature.starts_with(prefix(fault.expect)) && !fault.tests.is_empty()));
    }
}
