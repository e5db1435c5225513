//! What the kernel half complains of.

/// Shows the kernel half's warnings. Looked at now and then: a reader that is woken by each would preempt
/// the very thread that is measured.
pub fn show(warnings: Option<&mut aya_log::EbpfLogger<Warnings>>) {
    if let Some(warnings) = warnings {
        warnings.flush();
    }
}

/// Writes the kernel half's warnings to stderr.
pub struct Warnings;

impl log::Log for Warnings {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        crate::stderr::say(&format!("tracer: kernel: {}", record.args()));
    }

    fn flush(&self) {}
}
