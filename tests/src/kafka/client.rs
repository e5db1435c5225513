//! A client of one broker: one request at a time, in versions of the protocol without tagged fields.
//!
//! <https://kafka.apache.org/protocol.html>

use std::{
    io::{Read, Write},
    net::SocketAddr,
};

use anyhow::{Context, Result, ensure};

use super::{
    batch::{self, Batch},
    stream::Stream,
    wire::{Answer, Body},
};

/// Request kinds and the version of each that is spoken here.
const PRODUCE: (i16, i16) = (0, 3);
const FETCH: (i16, i16) = (1, 4);
const METADATA: (i16, i16) = (3, 1);
const CREATE_TOPICS: (i16, i16) = (19, 2);

/// How long the broker may take over a request, ms.
const TIMEOUT_MS: i32 = 20_000;

/// A connection to a broker.
pub struct Client {
    stream: Stream,
    requests: i32,
}

/// What a fetch brought.
#[derive(Clone, Copy, Debug)]
pub struct Fetched {
    /// Bytes of records.
    pub bytes: u64,
    /// Where the next fetch begins.
    pub next_offset: i64,
}

impl Client {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, requests: 0 }
    }

    /// Its own end of the connection; `None` if another process holds that.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.stream.address()
    }

    /// Ids of the brokers that serve.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub fn brokers(&mut self) -> Result<Vec<i32>> {
        let mut body = Body::default();
        body.i32(0); // of no topic
        let answer = self.call(METADATA, &body)?;
        Answer(&answer).array(|broker| {
            let id = broker.i32()?;
            let (_host, _port, _rack) = (broker.text()?, broker.i32()?, broker.text()?);
            Ok(id)
        })
    }

    /// Makes a topic with the brokers of each partition, its leader first.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn create_topic(&mut self, name: &str, partitions: &[&[i32]], settings: &[(&str, &str)]) -> Result<()> {
        let mut body = Body::default();
        body.i32(1).text(name).i32(-1).i16(-1); // how many partitions and replicas follows from the list
        let numbered: Vec<_> = (0..).zip(partitions).collect();
        body.array(&numbered, |body, (index, brokers)| {
            body.i32(*index).array(brokers, |body, broker| {
                body.i32(*broker);
            });
        });
        body.array(settings, |body, (name, value)| {
            body.text(name).text(value);
        });
        body.i32(TIMEOUT_MS).i8(0);
        let answer = self.call(CREATE_TOPICS, &body)?;
        let mut answer = Answer(&answer);
        answer.i32()?; // throttled for
        let errors = answer.array(|topic| Ok((topic.text()?, topic.i16()?, topic.text()?)))?;
        ensure!(errors.iter().all(|(_, error, _)| *error == 0), "creating a topic: {errors:?}");
        Ok(())
    }

    /// Appends a batch; returns once as many replicas have it as `acks` says (-1: all in sync).
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn produce(&mut self, topic: &str, partition: i32, batch: &Batch, acks: i16) -> Result<()> {
        let mut body = Body::default();
        body.i16(-1).i16(acks).i32(TIMEOUT_MS); // no transaction
        body.i32(1).text(topic).i32(1).i32(partition).sized(batch.bytes());
        let answer = self.call(PRODUCE, &body)?;
        let errors = Answer(&answer).array(|topic| {
            topic.text()?;
            topic.array(|partition| {
                let (_index, error) = (partition.i32()?, partition.i16()?);
                let (_offset, _time) = (partition.i64()?, partition.i64()?);
                Ok(error)
            })
        })?;
        ensure!(errors == [[0]], "producing: errors {errors:?}");
        Ok(())
    }

    /// Takes at most about `bytes` bytes of records from an offset on; waits a tenth of a second for the first.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn fetch(&mut self, topic: &str, partition: i32, offset: i64, bytes: i32) -> Result<Fetched> {
        let mut body = Body::default();
        body.i32(-1).i32(100).i32(1).i32(bytes).i8(0); // a consumer, how long, how little, how much, uncommitted too
        body.i32(1).text(topic).i32(1).i32(partition).i64(offset).i32(bytes);
        let answer = self.call(FETCH, &body)?;
        let mut answer = Answer(&answer);
        answer.i32()?; // throttled for
        let fetched = answer.array(|topic| {
            topic.text()?;
            topic.array(|partition| {
                let (_index, error) = (partition.i32()?, partition.i16()?);
                ensure!(error == 0, "fetching: error {error}");
                let (_high_watermark, _last_stable) = (partition.i64()?, partition.i64()?);
                partition.array(|aborted| Ok((aborted.i64()?, aborted.i64()?)))?;
                let records = partition.sized()?;
                let next_offset = batch::next_offset(records)?.unwrap_or(offset);
                Ok(Fetched { bytes: records.len() as u64, next_offset })
            })
        })?;
        fetched.concat().first().copied().context("a fetch without its partition")
    }

    fn call(&mut self, (kind, version): (i16, i16), body: &Body) -> Result<Vec<u8>> {
        self.requests += 1;
        let mut request = Body::default();
        request.i16(kind).i16(version).i32(self.requests).text("tests").raw(body.bytes());
        // In one piece: the kernel holds back the second of two small ones.
        let mut framed = Body::default();
        self.stream.write_all(framed.sized(request.bytes()).bytes()).context("asking the broker")?;
        self.stream.flush()?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).context("waiting for the broker's answer")?;
        let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length))?];
        self.stream.read_exact(&mut answer).context("reading the broker's answer")?;
        let number = Answer(&answer).i32()?;
        ensure!(number == self.requests, "answer {number} to request {}", self.requests);
        Ok(answer.split_off(4))
    }
}
