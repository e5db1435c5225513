//! A first look at a file: is it JSON, is it a recording, of which version, and not too much of it? Nothing is kept.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A recording holds no more JSON values than this: kept, each may take some dozens of bytes.
pub const MOST_VALUES: u64 = 12_000_000;

/// What a file is, from outside.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// `schema_version`, if it is an object that has one; the inner one if that is a whole number.
    pub schema_version: Option<Option<u64>>,
}

impl Outline {
    /// Looks through all of `bytes`.
    ///
    /// # Errors
    /// If it is not JSON, or too much.
    pub fn of(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let mut seen = Seen::default();
        let mut json = serde_json::Deserializer::from_slice(bytes);
        Look { seen: &mut seen, is_top: true }.deserialize(&mut json)?;
        json.end()?;
        Ok(Self { schema_version: seen.schema_version })
    }
}

#[derive(Default)]
struct Seen {
    values: u64,
    schema_version: Option<Option<u64>>,
    last_number: Option<u64>,
}

impl Seen {
    fn count<E: Error>(&mut self) -> Result<(), E> {
        self.last_number = None;
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(E::custom(format_args!("more than {MOST_VALUES} values, which no recording has")));
        }
        Ok(())
    }
}

/// Looks at one value, and at all inside it.
struct Look<'a> {
    seen: &'a mut Seen,
    is_top: bool,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.seen.count()?;
        json.deserialize_any(self)
    }
}

/// A key: whether it is the version's. Others are not kept, however long.
struct IsVersion(bool);

impl<'de> Deserialize<'de> for IsVersion {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Key;
        impl Visitor<'_> for Key {
            type Value = IsVersion;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<IsVersion, E> {
                Ok(IsVersion(key == "schema_version"))
            }
        }
        json.deserialize_str(Key)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.seen.last_number = Some(number);
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Look { seen: &mut *self.seen, is_top: false })?.is_some() {}
        self.seen.last_number = None;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(IsVersion(is_version)) = members.next_key()? {
            members.next_value_seed(Look { seen: &mut *self.seen, is_top: false })?;
            if is_version && self.is_top {
                self.seen.schema_version = Some(self.seen.last_number);
            }
        }
        self.seen.last_number = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Option<Option<u64>> {
        Outline::of(text.as_bytes()).unwrap().schema_version
    }

    #[test]
    fn the_version_is_that_of_the_outermost_object() {
        assert_eq!(version(r#"{"a": [{"schema_version": 7}], "schema_version": 1, "b": 2}"#), Some(Some(1)));
        assert_eq!(version(r#"{"a": {"schema_version": 7}}"#), None);
        for other in [r#""1""#, "1.0", "-1", "null", "[1]", r#"{"a": 1}"#] {
            assert_eq!(version(&format!(r#"{{"schema_version": {other}}}"#)), Some(None), "{other}");
        }
        assert_eq!(version("[1]"), None);
    }

    #[test]
    fn too_many_values_are_refused_while_they_are_counted() {
        let text = format!("[{}", "0,".repeat(MOST_VALUES as usize));
        let error = Outline::of(text.as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("more than 12000000 values"), "{error}");
    }

    #[test]
    fn what_goes_too_deep_is_refused() {
        assert!(Outline::of("[".repeat(1_000_000).as_bytes()).is_err());
    }
}
