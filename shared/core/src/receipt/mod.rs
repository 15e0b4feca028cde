//! Receipts and chain heads: the record of what was verified, in the evidence bucket.
//!
//! The files, from the lowest to the highest:
//!
//! - `places`: the keys of the documents
//! - `document`: a receipt
//! - `together`: the documents in which receipts are stored
//! - `chain_head`: the newest digest of a chain
//! - `keep`: the order in which the documents are written

mod chain_head;
mod document;
mod keep;
pub mod places;
#[cfg(test)]
mod tests;
mod together;

pub use chain_head::{ChainHead, HeadError, MAX_HEAD_BYTES, NewestDigest, advance};
pub use document::{
    ChainName, MAX_RECEIPT_BYTES, MAX_TOGETHER, NamedFinding, Receipt, ReceiptDigest, ReceiptError,
    ReceiptObject, ReceiptStamp, ReceiptSubject,
};
pub use keep::{KeepError, keep, keep_of_log_file, keep_with_heads};
pub use together::{ReceiptDocument, STORED_APART_FOR, documents, key_of_document, read_receipts};
