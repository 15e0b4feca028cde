//! The second look at what KMS events show being delivered: each such log file is listed by a
//! digest, in the end, and is there until then.
//!
//! The first look is that of [`kms_events`](crate::check::kms_events), when the event is read: minutes
//! after the delivery, and up to an hour before the digest. What it saw is [kept](keep) in the evidence
//! bucket, in documents for each log file that records deliveries and each chain that is to list
//! them. When a digest of that chain has been verified, what waits for it is [settled](mod@settle).
//!
//! A digest may come before the event that shows a delivery in its hour; then the next digest
//! settles it, and looks back along the chain. So documents are only written and removed, and
//! whatever comes twice, late or out of order leads to the same end.
//!
//! Whoever can write a log file can have any delivery wait. So everything that waits leaves: what
//! cannot be settled within three days is given up, and that is a finding. Where more waits than
//! one digest settles, the newest and the oldest come first, and what is left over is a finding.
//!
//! A delivery is a [`RecordedDelivery`](crate::kms::review::RecordedDelivery) when it comes in
//! (`intake`), a `PendingDelivery` in its `document`, and has its `fate` when it is settled. The tests
//! of the whole are in `tests/tests/kms/`, `story` and `unsettled` above all.

mod document;
mod due;
mod fate;
mod intake;
mod listed;
mod looks;
mod rewrite;
mod settle;
mod update;

pub use intake::keep;
pub use settle::{Settlement, settle};
pub use update::PendingUpdate;
