//! Pages of the documentation that a task writes a part of.

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;

const END: &str = "<!-- end -->";

/// A place in a page: behind the line that says which task writes it.
pub struct Place {
    /// The page, from the root of the repository.
    pub page: &'static str,
    /// The task: `cargo xtask bench --update-docs`.
    pub task: &'static str,
}

impl Place {
    /// Puts `text` there, for what the task wrote last.
    pub fn write(&self, workspace: &Workspace, text: &str) -> Result<()> {
        let path = workspace.path(self.page);
        let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", self.page))?;
        let page = self.updated(&page, text)?;
        std::fs::write(&path, page).with_context(|| format!("cannot write {}", self.page))?;
        println!("{} is up to date", self.page);
        Ok(())
    }

    fn updated(&self, page: &str, text: &str) -> Result<String> {
        let begin = format!("<!-- written by `{}` -->", self.task);
        let (before, rest) = page.split_once(&begin).with_context(|| format!("{} has no line {begin}", self.page))?;
        let (_, after) = rest.split_once(END).with_context(|| format!("{} has no line {END} behind it", self.page))?;
        Ok(format!("{before}{begin}\n\n{}\n\n{END}{after}", text.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let place = Place { page: "page.md", task: "task" };
        let page = "# Title\n<!-- written by `task` -->\nold\n<!-- end -->\nend\n";
        let new = place.updated(page, "new\n").unwrap();
        assert_eq!(new, "# Title\n<!-- written by `task` -->\n\nnew\n\n<!-- end -->\nend\n");
        assert!(place.updated("# Title\n", "new").is_err());
    }
}
