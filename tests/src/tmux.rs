//! A terminal that shows a screen, not lines: what a person sees of a program that draws.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use crate::wait::until;

const LIMIT: Duration = Duration::from_secs(60);

/// A shell in a terminal of tmux(1), whose server nobody else uses and that ends with this value.
pub struct Tmux {
    socket: PathBuf,
    folder: TempDir,
}

impl Tmux {
    /// A terminal of this size with a shell in it that controls jobs.
    ///
    /// # Panics
    /// If tmux cannot be started.
    #[must_use]
    pub fn start(columns: u16, rows: u16) -> Self {
        let folder = TempDir::new().expect("a folder for the socket");
        let this = Self { socket: folder.path().join("tmux"), folder };
        let size = [columns.to_string(), rows.to_string()];
        // As at a prompt: who runs the tests in the background may have made them ignore interrupts.
        let shell = "exec env --default-signal=INT,QUIT PS1='$ ' bash --norc --noprofile -i";
        this.tmux(&["new-session", "-d", "-x", &size[0], "-y", &size[1], shell]);
        this.shows("the shell's prompt", |screen| screen.contains('$'));
        this
    }

    /// A place for files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a line and presses Enter.
    pub fn line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.press("Enter");
    }

    /// Presses a key, as tmux names it.
    pub fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// What is on the screen.
    #[must_use]
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// What is on the screen and above it.
    #[must_use]
    pub fn history(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-S", "-"])
    }

    /// The first screen that fits.
    ///
    /// # Panics
    /// If none does in time: `what` is then missing.
    pub fn shows(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let screen = until(LIMIT, || Some(self.screen()).filter(|screen| fits(screen)));
        screen.unwrap_or_else(|| panic!("the screen never showed {what}:\n{}", self.screen()))
    }

    /// How the terminal is set, but for its size, told by stty(1) when the shell has it.
    ///
    /// # Panics
    /// If it does not tell.
    #[must_use]
    pub fn modes(&self, name: &str) -> String {
        let (path, done) = (self.folder().join(name), self.folder().join(format!("{name}.done")));
        self.line(&format!("stty -a > {}; touch {}", path.display(), done.display()));
        until(LIMIT, || done.exists().then_some(())).unwrap_or_else(|| panic!("no stty:\n{}", self.screen()));
        let text = fs::read_to_string(path).expect("what stty says");
        text.split(';').filter(|part| !part.contains("rows") && !part.contains("columns")).collect()
    }

    /// Takes the terminal away, as when a connection breaks.
    pub fn hang_up(&self) {
        self.tmux(&["kill-server"]);
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(["-f", "/dev/null"]).args(arguments);
        let output = command.env_remove("TMUX").output().expect("starting tmux");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        // The shell's jobs get its SIGHUP.
        let _ = command.arg("-S").arg(&self.socket).arg("kill-server").output();
    }
}
