//! A file to write: `FILE` with the format of its extension, or `FORMAT:FILE`.

use std::{path::PathBuf, str::FromStr};

use clap::{
    Arg, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser as _},
};

/// A form of results that a file may have.
pub trait FileFormat: ValueEnum + Copy + Send + Sync + 'static {
    /// What names of files in this form end in, the usual one first; none if the form has to be named.
    fn extensions(self) -> &'static [&'static str];

    /// As the user writes it.
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().into())
    }
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSpec<F> {
    /// In which form.
    pub format: F,
    /// Where.
    pub path: PathBuf,
}

impl<F: FileFormat> FromStr for OutputSpec<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((format, path)) = text.split_once(':')
            && let Ok(format) = F::from_str(format, true)
        {
            return Self::new(format, path.into());
        }
        let path = PathBuf::from(text);
        let extension = path.extension().and_then(|extension| extension.to_str());
        let has = |format: &&F| extension.is_some_and(|extension| format.extensions().contains(&extension));
        match F::value_variants().iter().find(has) {
            Some(&format) => Self::new(format, path),
            None => Err(unknown_format::<F>()),
        }
    }
}

impl<F> OutputSpec<F> {
    fn new(format: F, path: PathBuf) -> Result<Self, String> {
        if path.as_os_str().is_empty() { Err("no file name".into()) } else { Ok(Self { format, path }) }
    }
}

/// The formats of a command that does not offer all that its options could name.
#[derive(Clone, Copy, Debug)]
pub struct Offer<F> {
    /// Whether it has this one.
    pub has: fn(F) -> bool,
    /// What to say to whoever wants a file in another one.
    pub refusal: &'static str,
}

impl<F: FileFormat> Offer<F> {
    fn formats(self) -> impl Iterator<Item = F> {
        F::value_variants().iter().copied().filter(move |&format| (self.has)(format))
    }

    /// The option that names the format of stdout, with these formats.
    #[must_use]
    pub fn for_stdout(self, format: Arg) -> Arg {
        let words = PossibleValuesParser::new(self.formats().filter_map(|format| format.to_possible_value()));
        format.value_parser(words.try_map(|word| F::from_str(&word, true)))
    }

    /// The option that names files, with these formats.
    #[must_use]
    pub fn for_files(self, output: Arg) -> Arg {
        let extensions: Vec<_> = dotted(self.formats()).collect();
        let file = move |text: &str| {
            let spec: OutputSpec<F> = text.parse()?;
            if (self.has)(spec.format) { Ok(spec) } else { Err(self.refusal.to_owned()) }
        };
        output.value_parser(file).help(format!(
            "Write to a file too, whole or not at all; repeatable. The format is the extension's ({}) or FORMAT:FILE",
            extensions.join(", ")
        ))
    }
}

/// What to write instead of a name that does not tell its format.
fn unknown_format<F: FileFormat>() -> String {
    let extensions: Vec<_> = dotted(F::value_variants().iter().copied()).collect();
    let (last, others) = extensions.split_last().expect("some formats have extensions");
    format!(
        "cannot tell the format: end the name in {} or {last}, or write FORMAT:FILE, such as json:FILE",
        others.join(", ")
    )
}

fn dotted<F: FileFormat>(formats: impl Iterator<Item = F>) -> impl Iterator<Item = String> {
    formats.flat_map(F::extensions).map(|extension| format!(".{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Format, GateFormat};

    #[test]
    fn the_extension_or_the_prefix_gives_the_format() {
        let spec = |format, path: &str| Ok(OutputSpec { format, path: path.into() });
        assert_eq!("a.json".parse(), spec(Format::Json, "a.json"));
        assert_eq!("table:a.json".parse(), spec(Format::Table, "a.json"));
        assert_eq!("a.md".parse(), spec(Format::Markdown, "a.md"));
        assert_eq!("a.prom".parse(), spec(Format::Openmetrics, "a.prom"));
        assert_eq!("a.om".parse(), spec(Format::Openmetrics, "a.om"));
        assert_eq!("a.hlog".parse(), spec(Format::Hlog, "a.hlog"));
        assert_eq!("bpftrace:a".parse(), spec(Format::Bpftrace, "a"));
        assert_eq!("json:/dev/stdout".parse(), spec(Format::Json, "/dev/stdout"));
        assert_eq!("dir:1/a.txt".parse(), spec(Format::Table, "dir:1/a.txt"));
        assert_eq!("a.html".parse(), spec(Format::Html, "a.html"));
        assert_eq!("html:a".parse(), spec(Format::Html, "a"));
        let unknown = "a.xyz".parse::<OutputSpec<Format>>().unwrap_err();
        assert!(
            unknown.contains("in .txt, .json, .html, .jsonl, .folded, .md, .prom, .om or .hlog, or write"),
            "{unknown}"
        );
        assert!("json:".parse::<OutputSpec<Format>>().is_err());
    }

    #[test]
    fn the_formats_of_gates_have_extensions_of_their_own() {
        let spec = |format, path: &str| Ok(OutputSpec { format, path: path.into() });
        assert_eq!("a.txt".parse(), spec(GateFormat::Table, "a.txt"));
        assert_eq!("a.md".parse(), spec(GateFormat::Markdown, "a.md"));
        assert_eq!("a.json".parse(), spec(GateFormat::Json, "a.json"));
        assert_eq!("a.xml".parse(), spec(GateFormat::Junit, "a.xml"));
        assert_eq!("a.html".parse(), spec(GateFormat::Html, "a.html"));
        assert_eq!("github:a".parse(), spec(GateFormat::Github, "a"));
        assert_eq!("benchmark-action:a.json".parse(), spec(GateFormat::BenchmarkAction, "a.json"));
        assert_eq!("bmf:a.json".parse(), spec(GateFormat::Bmf, "a.json"));
        let unknown = "a.prom".parse::<OutputSpec<GateFormat>>().unwrap_err();
        assert!(unknown.contains("in .txt, .md, .json, .xml or .html, or write"), "{unknown}");
    }
}
