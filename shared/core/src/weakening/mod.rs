//! Calls that weaken what a trail records, or how its files are kept: the trail, its bucket and its
//! key, as the records of management events show the calls.
//!
//! The rule knows one call and the configuration. It does not know the state before the call, so
//! it judges the state that the call sets. A call that AWS refused weakens nothing.
//!
//! Records: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
//! The tests are in `tests/tests/kms/weakening/`.

mod action;
mod bucket;
mod bucket_policy;
mod call;
mod effect;
mod judge;
mod key;
mod lifecycle;
mod selectors;
mod setting;
mod target;
mod trail;

pub use action::{NAMES, WatchedAction};
pub use bucket_policy::openings;
pub use call::WatchedCall;
pub use effect::{Effect, Guarded};
pub use judge::{effect_of, target_of};
pub use target::Target;
