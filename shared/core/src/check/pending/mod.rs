//! The second look at the deliveries that KMS events show: each such log file is listed by a digest
//! in the end, and exists until then.
//!
//! The first look is that of [`kms_events`](crate::check::kms_events), when the event is read:
//! minutes after the delivery, and up to an hour before the digest. Its result is [stored](keep) in
//! the evidence bucket, in one document for each log file that records deliveries and each chain
//! that is to list them. After a digest of that chain is verified, the deliveries that wait for it
//! are [settled](mod@settle).
//!
//! A digest may arrive before the event that shows a delivery in its hour. The next digest then
//! settles it, and looks back along the chain. Documents are therefore only written and removed,
//! and anything that arrives twice, late or out of order leads to the same result.
//!
//! Anybody who can write a log file can make any delivery wait. Therefore nothing waits without
//! end: a delivery that cannot be settled within three days is given up, and that is a finding. If
//! more is pending than one digest settles, the newest and the oldest come first, and the rest is a
//! finding.
//!
//! A delivery is a [`RecordedDelivery`](crate::kms::review::RecordedDelivery) when it arrives
//! (`intake`), a `PendingDelivery` in its `document`, and has its `fate` when it is settled. The
//! tests of the whole are in `tests/tests/kms/`, mainly in `story` and `unsettled`.

mod document;
mod due;
mod fate;
mod intake;
mod listed;
mod looks;
mod overview;
mod rewrite;
mod settle;
mod update;

pub use document::{NotADocument, PendingDocument};
pub use intake::keep;
pub use overview::{OverviewedEvidence, PendingOverview};
pub use settle::{Settlement, settle};
pub use update::PendingUpdate;
