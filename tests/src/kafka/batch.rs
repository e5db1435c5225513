//! Kafka's record batches, format 2 (`DefaultRecordBatch` of Kafka's clients).

use anyhow::{Result, ensure};

use super::wire::{Answer, Body};

/// Base offset and length, which the length does not count.
const PREFIX: usize = 12;

/// A batch of records.
pub struct Batch(Vec<u8>);

impl Batch {
    /// With one record of so many bytes.
    ///
    /// # Panics
    /// If no message can hold it.
    #[must_use]
    pub fn of_one_record(bytes: usize) -> Self {
        let mut record = vec![0]; // attributes
        record.extend(varint(0)); // timestamp, from the batch's
        record.extend(varint(0)); // offset, from the batch's
        record.extend(varint(-1)); // no key
        record.extend(varint(i64::try_from(bytes).expect("a record fits into memory")));
        record.resize(record.len() + bytes, b'x');
        record.extend(varint(0)); // headers
        let mut checked = Body::default();
        checked.i16(0).i32(0); // attributes, last offset from the base
        checked.i64(0).i64(0); // first and last timestamp
        checked.i64(-1).i16(-1).i32(-1); // no idempotent producer
        checked.i32(1).raw(&varint(i64::try_from(record.len()).expect("a record fits into memory"))).raw(&record);
        let mut after_length = Body::default();
        after_length.i32(-1).i8(2).raw(&crc32c(checked.bytes()).to_be_bytes()).raw(checked.bytes());
        let mut batch = Body::default();
        batch.i64(0).sized(after_length.bytes());
        Self(batch.bytes().to_vec())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The offset behind the last batch that is whole; `None` if none is.
///
/// # Errors
/// If it is no batch of format 2.
pub(super) fn next_offset(mut records: &[u8]) -> Result<Option<i64>> {
    let mut next = None;
    while let Some((prefix, rest)) = records.split_at_checked(PREFIX) {
        let mut prefix = Answer(prefix);
        let (base, length) = (prefix.i64()?, usize::try_from(prefix.i32()?)?);
        let Some((batch, rest)) = rest.split_at_checked(length) else { break };
        let mut batch = Answer(batch);
        batch.i32()?; // leader epoch
        ensure!(batch.i8()? == 2, "a batch of another format");
        batch.i32()?; // checksum
        batch.i16()?; // attributes
        next = Some(base + i64::from(batch.i32()?) + 1);
        records = rest;
    }
    Ok(next)
}

/// Zigzag, seven bits a byte, the lowest first.
fn varint(value: i64) -> Vec<u8> {
    let mut left = ((value << 1) ^ (value >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

/// RFC 3720, appendix B.4.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| CRC_OF_BYTE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

const CRC_OF_BYTE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_and_numbers_are_those_of_the_standards() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(varint(-1), [1]);
        assert_eq!(varint(150), [0xac, 0x02]);
    }

    #[test]
    fn the_next_offset_is_behind_the_last_whole_batch() {
        let mut records = Batch::of_one_record(10).0;
        assert_eq!(next_offset(&records).unwrap(), Some(1));
        assert_eq!(next_offset(&records[..records.len() - 1]).unwrap(), None);
        let mut second = Batch::of_one_record(300).0;
        second[..8].copy_from_slice(&7_i64.to_be_bytes());
        records.extend(second);
        assert_eq!(next_offset(&records).unwrap(), Some(8));
    }
}
