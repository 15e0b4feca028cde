//! The encoding of keys in S3 notifications and listings.

/// Decodes a key of an S3 notification or listing: form encoding, `+` for a space. Returns `None`
/// if it is not such an encoding of UTF-8.
#[must_use]
pub fn url_decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut decoded = [0];
                hex::decode_to_slice([rest.next()?, rest.next()?], &mut decoded).ok()?;
                u8::from_be_bytes(decoded)
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
