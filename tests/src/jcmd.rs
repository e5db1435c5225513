//! What a JVM calls its threads: the kernel keeps 15 characters of a name.

use std::process::Command;

/// A thread of Java code.
#[derive(Clone, Debug)]
pub struct JavaThread {
    /// Its whole name.
    pub name: String,
    /// The kernel's id for it.
    pub tid: u32,
}

/// The threads of a JVM, as `jcmd PID Thread.print` lists them. Stops it for a moment.
///
/// # Panics
/// If the JVM does not answer.
#[must_use]
pub fn threads_of(pid: u32) -> Vec<JavaThread> {
    let mut command = Command::new("jcmd");
    // Without a language it would print question marks for what is not ASCII.
    command.args([&pid.to_string(), "Thread.print"]).env("LC_ALL", "C.UTF-8");
    let output = command.output().expect("running jcmd");
    assert!(output.status.success(), "jcmd: {}", String::from_utf8_lossy(&output.stderr));
    let threads: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().filter_map(thread).collect();
    assert!(!threads.is_empty(), "jcmd lists no thread");
    threads
}

/// `"name" #12 daemon prio=5 os_prio=0 … nid=0x1a2b runnable`; newer JVMs write the id in decimal.
fn thread(line: &str) -> Option<JavaThread> {
    let (name, rest) = line.strip_prefix('"')?.rsplit_once("\" ")?;
    let id = rest.split_whitespace().find_map(|word| word.strip_prefix("nid="))?;
    let tid = id.strip_prefix("0x").map_or_else(|| id.parse(), |hex| u32::from_str_radix(hex, 16));
    Some(JavaThread { name: name.to_owned(), tid: tid.ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_thread_dump_gives_its_name_and_id() {
        let old = r#""main" #1 prio=5 os_prio=0 cpu=1.0ms elapsed=2s tid=0x00007f nid=0x1f waiting on condition"#;
        let new = r#""a "b"" #12 [4660] daemon prio=5 os_prio=0 tid=0x00007f nid=4660 runnable  [0x0000]"#;
        let of = |line| thread(line).map(|thread| (thread.name, thread.tid));
        assert_eq!(of(old), Some(("main".to_owned(), 31)));
        assert_eq!(of(new), Some((r#"a "b""#.to_owned(), 4660)));
        assert_eq!(of("   java.lang.Thread.State: RUNNABLE"), None);
    }
}
