//! A virtual machine, from its start to its end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::images::Image;
use super::kernels::Kernel;
use crate::arch::Arch;
use crate::command::Run;

/// What `timeout` ends with when the time is over.
const TIMED_OUT: i32 = 124;

/// What a machine leaves behind.
pub struct Written {
    /// What the tests ended with.
    pub exit_code: i32,
    /// What was written of doctor.
    pub doctor: String,
}

/// What every kernel is told at its start.
const COMMAND_LINE: &str = "root=/dev/nvme0n1 rw rootwait init=/init panic=-1 quiet mitigations=off";

/// Two more serial lines than the console, for the tests and for doctor: where QEMU has them and what the kernel calls all three.
struct Machine {
    program: &'static str,
    arguments: &'static [&'static str],
    /// The options that attach a file descriptor's name to each of the two.
    lines: &'static [&'static str],
    command_line: &'static str,
}

/// No KVM: where this machine is a virtual one itself, its own may hang. cx16 has let kernels panic under TCG.
const PC: Machine = Machine {
    program: "qemu-system-x86_64",
    arguments: &["-M", "pc", "-cpu", "max,-cx16"],
    lines: &["-serial", "chardev:tests", "-serial", "chardev:doctor"],
    command_line: "console=ttyS0 tests=ttyS1 doctor=ttyS2",
};

/// Its board has one line; the others are on a card.
const VIRT: Machine = Machine {
    program: "qemu-system-aarch64",
    arguments: &["-M", "virt", "-cpu", "cortex-a72"],
    lines: &["-device", "pci-serial-2x,chardev1=tests,chardev2=doctor"],
    command_line: "console=ttyAMA0 tests=ttyS0 doctor=ttyS1",
};

impl Machine {
    fn of(arch: Arch) -> &'static Self {
        match arch {
            Arch::X86_64 => &PC,
            Arch::Aarch64 => &VIRT,
        }
    }
}

/// Starts the kernel with the disk, and hands each line of what the tests print to `each`. What they write to the disk is
/// forgotten; the kernel's own words stay in `directory`.
pub fn run(
    kernel: &Kernel,
    image: &Image,
    disk: &Path,
    directory: &Path,
    limit: Duration,
    mut each: impl FnMut(&str),
) -> Result<Written> {
    let console = directory.join("console.log");
    let doctor = directory.join("doctor.log");
    let machine = Machine::of(kernel.arch);
    let mut exit = None;
    let status = Run::new("timeout")
        .args(["--foreground", "--kill-after=10", &limit.as_secs().to_string(), machine.program])
        .args(machine.arguments)
        .args(["-accel", "tcg,thread=multi", "-smp", "2", "-m", "1G"])
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"])
        .arg("-serial")
        .arg(format!("file:{}", console.display()))
        .args(["-chardev", "file,id=tests,path=/dev/stdout", "-chardev"])
        .arg(format!("file,id=doctor,path={}", doctor.display()))
        .args(machine.lines)
        .arg("-kernel")
        .arg(image.vmlinuz())
        .args(["-append", &format!("{COMMAND_LINE} {} {}", machine.command_line, kernel.command_line)])
        .arg("-drive")
        .arg(format!("file={},if=none,id=disk,format=raw,cache=none,snapshot=on", disk.display()))
        .args(["-device", "nvme,drive=disk,serial=disk"])
        .for_each_line(|line| match line.trim_end().strip_prefix("EXIT ") {
            Some(code) => exit = code.parse().ok(),
            None => each(line.trim_end()),
        })?;
    if let Some(exit_code) = exit {
        let doctor = fs::read_to_string(&doctor).with_context(|| format!("cannot read {}", doctor.display()))?;
        return Ok(Written { exit_code, doctor });
    }
    let said = fs::read(&console).with_context(|| format!("cannot read {}", console.display()))?;
    let over = (status.code() == Some(TIMED_OUT)).then_some(limit);
    bail!("{} ({})", broke_off(&String::from_utf8_lossy(&said), over), console.display())
}

/// Why a machine did not come to its end, from what its kernel said; `over` is the time, if that was over.
fn broke_off(said: &str, over: Option<Duration>) -> String {
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("(nothing)").trim();
    match (said.lines().find(|line| line.contains("Kernel panic")), over) {
        (Some(panic), _) => format!("the kernel gave up: {}", panic.trim()),
        (None, Some(limit)) => format!("no end after {} s; the console's last line: {last}", limit.as_secs()),
        (None, None) => format!("the machine stopped before the tests did; the console's last line: {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_does_not_come_to_its_end_says_why() {
        let panic = "booting\n[    1.5] Kernel panic - not syncing: VFS\r\n[    1.6] rebooting\n";
        assert_eq!(broke_off(panic, None), "the kernel gave up: [    1.5] Kernel panic - not syncing: VFS");
        let hang = broke_off("booting\n\n", Some(Duration::from_secs(9)));
        assert_eq!(hang, "no end after 9 s; the console's last line: booting");
        let silence = broke_off("", None);
        assert_eq!(silence, "the machine stopped before the tests did; the console's last line: (nothing)");
    }
}
