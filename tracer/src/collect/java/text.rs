//! Text as a JVM writes it: UTF-8, but NUL in two bytes and what is beyond 16 bits as two surrogates of three
//! bytes each (Java Virtual Machine Specification, 4.4.7).

/// Most characters of a name that are kept.
const LONGEST: usize = 256;

/// The name in `bytes`, cut if it is very long. What is no text becomes U+FFFD.
pub fn name(bytes: &[u8]) -> String {
    let mut units = Vec::new();
    let mut rest = bytes;
    // Two units for each character, one more for half of the next: no more can matter.
    while !rest.is_empty() && units.len() <= 2 * LONGEST {
        let (used, code) = first(rest);
        rest = &rest[used..];
        let c = char::from_u32(code);
        match (c, u16::try_from(code)) {
            (Some(c), _) => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            // Half of a pair; whether the other one follows is seen below.
            (None, Ok(surrogate)) => units.push(surrogate),
            (None, Err(_)) => units.push(0xFFFD),
        }
    }
    let characters = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    characters.take(LONGEST).collect()
}

/// The first code of `bytes`, which is not empty, and how many bytes it takes.
fn first(bytes: &[u8]) -> (usize, u32) {
    let (length, start) = match bytes[0] {
        byte @ ..0x80 => return (1, byte.into()),
        byte @ 0xC0..0xE0 => (2, byte & 0x1F),
        byte @ 0xE0..0xF0 => (3, byte & 0x0F),
        byte @ 0xF0..0xF8 => (4, byte & 0x07),
        _ => return (1, 0xFFFD),
    };
    let mut code = u32::from(start);
    for index in 1..length {
        match bytes.get(index) {
            Some(byte @ 0x80..0xC0) => code = code << 6 | u32::from(byte & 0x3F),
            _ => return (index, 0xFFFD),
        }
    }
    (length, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_java_writes_it() {
        assert_eq!(name("Zeit\u{e9} \u{65e5}\u{672c} \u{1f600}".as_bytes()), "Zeit\u{e9} \u{65e5}\u{672c} \u{1f600}");
        assert_eq!(name(b"\xed\xa0\xbd\xed\xb8\x80 a\xc0\x80b"), "\u{1f600} a\0b");
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        assert_eq!(name(b"a\xffb\xc3"), "a\u{fffd}b\u{fffd}");
        assert_eq!(name(b"\xed\xa0\xbdx"), "\u{fffd}x");
        assert_eq!(name(b"\xf7\xbf\xbf\xbf\xe6\x97"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn any_bytes_give_a_name_of_bounded_length() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let text = name(&[first, second, 0x80, b'"']);
                assert!((1..=4).contains(&text.chars().count()));
            }
        }
        assert_eq!(name(&[b'x'; 10_000]).len(), LONGEST);
        assert_eq!(name("\u{1f600}".repeat(10_000).as_bytes()).chars().count(), LONGEST);
    }
}
