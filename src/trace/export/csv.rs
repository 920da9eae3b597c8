//! `trace.csv`: one row a record. Its bytes are the canonical trace: their BLAKE3 hash is the digest of the run.

use std::io::{self, Write};

use super::text::{push_number, push_seconds};
use crate::trace::Record;

/// The header.
const HEADER: &[u8] = b"time_s,seq,cause,component,kind,namespace,name,event,reason,message\n";
/// Rows are handed on in pieces of about this size.
const CHUNK: usize = 1 << 16;

/// Writes and hashes rows.
pub struct CsvWriter<W: Write> {
    out: W,
    buffer: Vec<u8>,
    hasher: blake3::Hasher,
}

impl<W: Write> CsvWriter<W> {
    /// A writer that begins with the header.
    pub fn new(out: W) -> Self {
        Self { out, buffer: HEADER.to_vec(), hasher: blake3::Hasher::new() }
    }

    /// Appends a record.
    ///
    /// # Errors
    /// What the underlying writer reports.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let out = &mut self.buffer;
        push_seconds(out, record.at);
        out.push(b',');
        push_number(out, record.id);
        out.push(b',');
        if record.cause != 0 {
            push_number(out, record.cause);
        }
        let subject = &record.subject;
        let fields = [
            record.component,
            subject.kind,
            subject.namespace.as_str(),
            subject.name.as_str(),
            record.event,
            record.reason.as_str(),
            record.message.as_str(),
        ];
        for field in fields {
            out.push(b',');
            push_field(out, field);
        }
        out.push(b'\n');
        if self.buffer.len() >= CHUNK { self.pass_on() } else { Ok(()) }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        self.hasher.update(&self.buffer);
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Hands on what is buffered; returns the digest of the trace so far.
    ///
    /// # Errors
    /// What the underlying writer reports.
    pub fn sync(&mut self) -> io::Result<String> {
        self.pass_on()?;
        self.out.flush()?;
        Ok(self.hasher.finalize().to_hex().to_string())
    }

    /// Ends the trace; returns its digest in hexadecimal.
    ///
    /// # Errors
    /// What the underlying writer reports.
    pub fn finish(mut self) -> io::Result<String> {
        self.sync()
    }
}

/// Quotes a field where RFC 4180 demands it.
fn push_field(out: &mut Vec<u8>, field: &str) {
    // Without an early end, so that many bytes are looked at in one step.
    let is_special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !field.as_bytes().iter().fold(false, |found, byte| found | is_special(byte)) {
        out.extend_from_slice(field.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in field.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::SimTime;
    use crate::trace::{Detail, Subject};

    #[test]
    fn rows_are_quoted_where_needed_and_the_digest_is_that_of_the_bytes() {
        let mut bytes = Vec::new();
        let mut writer = CsvWriter::new(&mut bytes);
        let record = Record {
            id: 7,
            at: SimTime::from_millis(1500),
            cause: 0,
            component: "kubelet",
            subject: Subject::pod(&"default".into(), &"web".into()),
            event: "MODIFIED",
            reason: "x".into(),
            message: "says \"hello\", twice".into(),
            detail: Detail::None,
        };
        writer.write(&record).unwrap();
        let digest = writer.finish().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let row = "1.500,7,,kubelet,Pod,default,web,MODIFIED,x,\"says \"\"hello\"\", twice\"\n";
        assert_eq!(text.lines().last().map(|line| format!("{line}\n")).as_deref(), Some(row));
        assert_eq!(digest, blake3::hash(&bytes).to_hex().to_string());
    }
}
