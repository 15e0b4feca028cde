//! What the evidence bucket says about a period: which hours were verified, when, and why not the
//! others. Everything follows from documents that the evidence log names.
//!
//! The files, from the lowest to the highest:
//!
//! - `span`, `scope`: a range of time, and the accounts and Regions
//! - `open_incident`: an incident that was open
//! - `receipt_key`: what the key of a receipt says
//! - `report`: the result
//! - `seen_check`: one check of a digest, as its receipt states it
//! - `coverage`: the parts of a list of log files
//! - `lost_receipts`: receipts that cannot be used
//! - `digest_record`: the checks of one digest
//! - `lost_days`: lost documents with the receipts of a day
//! - `timeline`: the hours of a chain
//! - `chains`: the digests of each chain
//! - `incidents`, `acknowledgments`: the incidents that were open, and who took note of them
//! - `collected`: the documents of the period, as the log names them
//! - `listings`: what the bucket holds besides
//! - `read`: the order in which all of this is read
//! - `trail_comparison`: the digests in the log bucket, held against their receipts

mod acknowledgments;
mod chains;
mod collected;
mod coverage;
mod digest_record;
mod incidents;
mod listings;
mod lost_days;
mod lost_receipts;
mod open_incident;
mod read;
mod receipt_key;
mod report;
mod scope;
mod seen_check;
mod span;
#[cfg(test)]
mod tests;
mod timeline;
mod trail_comparison;

pub use open_incident::{Acknowledged, PeriodIncident};
pub use read::PeriodReader;
pub use report::{
    Build, ChainId, ChainPeriod, HourState, ObjectFinding, PeriodGap, PeriodReport, PeriodStretch,
    VerifiedSpan,
};
pub use scope::PeriodScope;
pub use span::PeriodSpan;
pub use trail_comparison::TrailComparison;
