//! A local AWS, and everything that runs the real functions against it.
//!
//! ```text
//! test ──put──► moto (server.rs) ──EventBridge rule of the real template──► SQS
//!                 ▲                                                          │
//!                 │                                              pump.rs receives
//!          proxy.rs (faults,                                                 ▼
//!          recording, alerts) ◄── the function under AWS's runtime emulator (rie.rs)
//! ```
//!
//! [`LocalAws`] starts moto, [`Deployment`] deploys `template.yaml` into it, and [`Pump`] carries
//! messages from the template's own queues to the functions, which call moto through the
//! [`FaultProxy`], with the credentials of their roles. The proxy denies what a role does not allow
//! ([`iam`]). It keeps what was published to SNS as [`Alert`]s. [`ValidateLogs`] asks
//! the AWS CLI for its verdict on the same bucket. No port is fixed, and nothing outlives the test
//! process.

pub mod alerts;
pub mod cli;
pub mod deploy;
pub mod fault;
pub mod fault_plan;
mod http;
pub mod iam;
mod mangle;
pub mod paths;
mod process;
pub mod proxy;
pub mod pump;
pub mod request;
pub mod rie;
pub mod server;
pub mod sqs_event;
pub mod stack;
pub mod states;

pub use alerts::{Alert, Expected, Finding, Subscription, assert_findings};
pub use cli::{
    CliOutput, FileKind, Ratio, ValidateLogs, Validation, Verdict, aws, aws_command, aws_succeeds,
};
pub use deploy::{Deployment, LogBucket};
pub use fault::{Fault, Match, Rule, RuleId};
pub use fault_plan::{FaultKind, FaultPlan, Shower, Tally};
pub use proxy::{FaultProxy, Recorded};
pub use pump::{Invocation, Pump, Round};
pub use request::Call;
pub use rie::{FunctionError, FunctionSpec, Rie};
pub use server::LocalAws;
pub use stack::{Function, Queue, Stack};
pub use states::Execution;
