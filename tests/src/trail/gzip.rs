//! Reproducible gzip: one member, with no time in its header.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::{Compression, GzBuilder, read::GzDecoder};

/// Returns one gzip member with the content.
pub fn compress(content: &[u8]) -> Bytes {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::default());
    encoder
        .write_all(content)
        .expect("writing to memory succeeds");
    encoder.finish().expect("writing to memory succeeds").into()
}

/// Returns the content of the first gzip member.
pub fn inflate(body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(body)
        .read_to_end(&mut content)
        .expect("a whole gzip member");
    content
}

/// Returns the content of the first gzip member as text.
pub fn inflate_text(body: &[u8]) -> String {
    String::from_utf8(inflate(body)).expect("JSON is UTF-8")
}
