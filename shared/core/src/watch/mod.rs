//! What `watchdog` looks at once an hour: whether each chain continues, whether each digest was
//! verified, and whether digests list each log file.
//!
//! The files, from the lowest to the highest:
//!
//! - `tick`, `message`, `totals`: the messages that start the work, and what a round counts
//! - `settings`, `span`: what the stack expects, and the time that a round looks at
//! - `heads`, `receipts`, `listing`: what the buckets hold
//! - `condition`, `stretch`, `account_memory`, `stack_memory`: what one round remembers for the
//!   next
//! - `silence`, `lost`, `proof`: the decisions about chains, about digests without receipts, and
//!   about the time for which digests prove what CloudTrail did not deliver
//! - `progress`: what a round over an account finds
//! - `region_record`, `log_files`, `tally`: what digests list, what a folder of log files holds,
//!   and what only the folder has
//! - `round`: the order of the steps for one account, which are in `folders`, `sendings`, `chains`
//!   and `unlisted`
//!
//! The tests are in `tests/tests/watch`, those of the documents in `tests.rs`.

mod account_memory;
mod chains;
mod condition;
mod folder_comparison;
mod folders;
mod heads;
mod listing;
mod log_files;
mod lost;
mod message;
mod needed_digests;
mod progress;
mod proof;
mod receipts;
mod region_record;
mod round;
mod sendings;
mod settings;
mod silence;
mod span;
mod stack_memory;
mod stretch;
mod tally;
#[cfg(test)]
mod tests;
mod tick;
mod totals;
mod unlisted;

pub use account_memory::{AccountMemory, MAX_MEMORY_BYTES, MemoryError, SentAgain};
pub use condition::{ConditionKind, LastingCondition};
pub use heads::{Heads, WatchedChain, read_heads};
pub use lost::{LostDigest, MAX_SENDINGS, VerifyingFunction};
pub use message::{AppendTick, SecondLookTick, WatchMessage};
pub use progress::AccountRound;
pub use receipts::{VALIDATOR, VERIFIER};
pub use round::WatchRound;
pub use settings::{OverdueHours, WatchSettings};
pub use stack_memory::{MANY_LOST, StackMemory};
pub use stretch::Stretch;
pub use tick::{Tick, TickError};
pub use totals::Totals;
