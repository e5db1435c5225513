//! The files that results go to: opened before there is anything to write.

use anyhow::{Result, bail};

use crate::{cli::OutputSpec, output::OutputFile};

/// Files, each with the format that it is to have.
#[derive(Debug)]
pub struct Files<F>(Vec<(F, OutputFile)>);

impl<F: Copy> Files<F> {
    /// Gets ready to write them.
    ///
    /// # Errors
    /// If one could not be written, or if two are the same.
    pub fn open(specs: &[OutputSpec<F>]) -> Result<Self> {
        let mut files: Vec<(F, OutputFile)> = Vec::new();
        for spec in specs {
            let file = OutputFile::open(&spec.path)?;
            if files.iter().any(|(_, earlier)| earlier.is_same_file(&file)) {
                bail!("cannot write {}: it is named twice, give each output a file of its own", spec.path.display());
            }
            files.push((spec.format, file));
        }
        Ok(Self(files))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them lies where another user is at home.
    pub fn are_of_others(&self) -> bool {
        self.0.iter().any(|(_, file)| file.is_of_another())
    }

    /// Their formats.
    pub fn formats(&self) -> impl Iterator<Item = F> {
        self.0.iter().map(|&(format, _)| format)
    }

    /// Those whose format is such, and the others.
    pub fn split(self, is_such: impl Fn(F) -> bool) -> (Self, Self) {
        let (such, others) = self.0.into_iter().partition(|&(format, _)| is_such(format));
        (Self(such), Self(others))
    }

    /// The files alone.
    pub fn into_files(self) -> Vec<OutputFile> {
        self.0.into_iter().map(|(_, file)| file).collect()
    }

    /// Writes each, whole or not at all.
    ///
    /// # Errors
    /// If one failed; the others are written all the same.
    pub fn write(self, text: impl Fn(F) -> String) -> Result<()> {
        let written = self.0.into_iter().map(|(format, file)| file.write(&text(format)));
        written.fold(Ok(()), Result::and)
    }
}
