//! Where results go: `FILE` with the format of its extension, or `FORMAT:FILE`.

use std::{path::PathBuf, str::FromStr};

use clap::ValueEnum;

/// A form of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The report that people read.
    Table,
    /// The recording.
    Json,
}

impl Format {
    /// Whether several recordings can stand in it, one behind the other.
    #[must_use]
    pub fn holds_several(self) -> bool {
        match self {
            Self::Table => true,
            Self::Json => false,
        }
    }

    /// As the user writes it.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().into())
    }
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSpec {
    /// In which form.
    pub format: Format,
    /// Where.
    pub path: PathBuf,
}

impl FromStr for OutputSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((format, path)) = text.split_once(':')
            && let Ok(format) = Format::from_str(format, true)
        {
            return Self::new(format, path.into());
        }
        let path = PathBuf::from(text);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Self::new(Format::Json, path),
            Some("txt") => Self::new(Format::Table, path),
            _ => Err("cannot tell the format: end the name in .json or .txt, or write json:FILE or table:FILE".into()),
        }
    }
}

impl OutputSpec {
    fn new(format: Format, path: PathBuf) -> Result<Self, String> {
        if path.as_os_str().is_empty() { Err("no file name".into()) } else { Ok(Self { format, path }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_or_the_prefix_gives_the_format() {
        let spec = |format, path: &str| Ok(OutputSpec { format, path: path.into() });
        assert_eq!("a.json".parse(), spec(Format::Json, "a.json"));
        assert_eq!("table:a.json".parse(), spec(Format::Table, "a.json"));
        assert_eq!("json:/dev/stdout".parse(), spec(Format::Json, "/dev/stdout"));
        assert_eq!("dir:1/a.txt".parse(), spec(Format::Table, "dir:1/a.txt"));
        assert!("a.xyz".parse::<OutputSpec>().is_err());
        assert!("json:".parse::<OutputSpec>().is_err());
    }
}
