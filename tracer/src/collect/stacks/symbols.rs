//! Names of functions: of the kernel, and of files that are mapped.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    os::fd::AsRawFd as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use blazesym::{
    MaybeDefault,
    symbolize::{
        Input, Symbolized, Symbolizer,
        source::{Elf, Kernel, Source},
    },
};

const KERNEL_SYMBOLS: &str = "/proc/kallsyms";

/// Names of the kernel's functions at `addresses`, in the same order; `None`: the kernel hides them.
pub fn of_kernel(addresses: &[u64]) -> Option<Vec<Option<String>>> {
    if are_hidden(Path::new(KERNEL_SYMBOLS)) {
        return None;
    }
    let kernel = Kernel {
        kallsyms: MaybeDefault::Some(PathBuf::from(KERNEL_SYMBOLS)),
        vmlinux: MaybeDefault::None,
        debug_syms: false,
        kaslr_offset: Some(0),
        _non_exhaustive: (),
    };
    Some(names(&Source::Kernel(kernel), Input::AbsAddr(addresses), addresses.len()))
}

/// Whether every address in a list of the kernel's symbols is 0 (`kernel.kptr_restrict`, proc_sys_kernel(5)).
fn are_hidden(list: &Path) -> bool {
    let Ok(list) = File::open(list) else { return true };
    // Those of per-CPU variables are 0 at the start of an honest list.
    let lines = BufReader::new(list).lines().map_while(Result::ok);
    lines.map(|line| line.bytes().take_while(|&byte| byte == b'0').count()).all(|zeros| zeros >= 8)
}

/// Names of the functions at `offsets` of an ELF file, in the same order. Nobody else may change the file meanwhile.
pub fn of_file(file: &File, offsets: &[u64]) -> Vec<Option<String>> {
    let elf = Elf { debug_syms: false, ..Elf::new(format!("/proc/self/fd/{}", file.as_raw_fd())) };
    names(&Source::Elf(elf), Input::FileOffset(offsets), offsets.len())
}

fn names(source: &Source<'_>, input: Input<&[u64]>, count: usize) -> Vec<Option<String>> {
    let look_up = || {
        let mut builder = Symbolizer::builder().enable_auto_reload(false).enable_code_info(false);
        builder = builder.enable_inlined_fns(false).enable_demangling(true);
        let symbolizer = builder.build();
        let symbols = symbolizer.symbolize(source, input).ok()?;
        let name = |symbol: &Symbolized<'_>| symbol.as_sym().map(|symbol| symbol.name.clone().into_owned());
        Some(symbols.iter().map(name).collect())
    };
    // The file is the target's own: whatever it does to the reader, the measurement goes on.
    catch_unwind(AssertUnwindSafe(look_up)).ok().flatten().unwrap_or_else(|| vec![None; count])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn list(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_list_without_addresses_is_hidden() {
        let hidden = "0000000000000000 T _text\n0000000000000000 t do_one\n";
        assert!(are_hidden(list(hidden).path()));
        assert!(are_hidden(Path::new("/nowhere")));
        assert!(!are_hidden(list(&format!("{hidden}ffffffff81000000 T read\n")).path()));
    }

    #[test]
    fn a_file_that_is_no_program_has_no_names() {
        let mut broken = std::fs::read("/proc/self/exe").unwrap();
        broken.truncate(5000);
        for bytes in [&b"text"[..], b"", b"\x7fELF", &broken] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            assert_eq!(of_file(&file, &[0x1000, 0x10]), [None, None]);
        }
    }

    #[test]
    fn a_function_of_this_program_is_found_by_where_it_is_in_the_file() {
        let address = are_hidden as fn(&Path) -> bool as usize as u64;
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let offset = maps.lines().find_map(|line| {
            let mut fields = line.split_whitespace();
            let (start, end) = fields.next()?.split_once('-')?;
            let hex = |text| u64::from_str_radix(text, 16).unwrap();
            let offset = hex(fields.nth(1)?);
            (hex(start)..hex(end)).contains(&address).then(|| address - hex(start) + offset)
        });
        let names = of_file(&File::open("/proc/self/exe").unwrap(), &[offset.unwrap()]);
        assert!(names[0].as_ref().is_some_and(|name| name.contains("are_hidden")), "{names:?}");
    }
}
