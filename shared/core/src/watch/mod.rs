//! What `watchdog` looks at once an hour: whether each chain continues, whether each digest was
//! verified, and whether digests list each log file.
//!
//! The files, from the lowest to the highest:
//!
//! - `tick`, `totals`: the message that starts a round, and what a round counts
//! - `settings`, `span`: what the stack expects, and the time that a round looks at
//! - `heads`, `receipts`, `listing`: what the buckets hold
//! - `condition`, `account_memory`, `stack_memory`: what one round remembers for the next
//! - `silence`, `lost`: the decisions about chains and about digests without receipts
//! - `progress`: what a round over an account finds
//! - `round`: the order of the steps for one account, which are in `folders`, `sendings` and
//!   `chains`
//!
//! The tests are in `tests/tests/watch`, those of the documents in `tests.rs`.

mod account_memory;
mod chains;
mod condition;
mod folders;
mod heads;
mod listing;
mod lost;
mod progress;
mod receipts;
mod round;
mod sendings;
mod settings;
mod silence;
mod span;
mod stack_memory;
#[cfg(test)]
mod tests;
mod tick;
mod totals;

pub use account_memory::{AccountMemory, MAX_MEMORY_BYTES, MemoryError, SentAgain};
pub use condition::{ConditionKind, LastingCondition};
pub use heads::{Heads, WatchedChain, read_heads};
pub use lost::{LostDigest, MAX_SENDINGS, VerifyingFunction};
pub use progress::AccountRound;
pub use round::WatchRound;
pub use settings::{OverdueHours, WatchSettings};
pub use stack_memory::{MANY_LOST, StackMemory};
pub use tick::{Tick, TickError};
pub use totals::Totals;
