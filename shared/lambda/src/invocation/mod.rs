//! An invocation, from the event to the answer. The files, from the lowest to the highest:
//!
//! - its limits and names: [`deadline`], [`in_time`](mod@in_time), [`run`], [`retry_schedule`], [`attempt`]
//! - its input and output: [`queue_message`], [`check`], [`outcome`], [`verified`], [`item_error`]
//! - its actions: [`publisher`], [`reporting`], [`resender`], [`metrics`], [`check_metrics`], [`unrelated`]
//! - their order: one object ([`item`]), the [`division`] of a message, one [`event`], a [`batch`], an [`answer`](mod@answer),
//!   and [`work`] that is not about objects
//! - all of it without Lambda: [`rehearsal`]

mod answer;
mod attempt;
mod batch;
mod check;
mod check_metrics;
mod deadline;
mod division;
mod event;
mod in_time;
mod item;
mod item_error;
mod metrics;
mod outcome;
mod publisher;
mod queue_message;
mod rehearsal;
mod reporting;
mod resender;
mod retry_schedule;
mod run;
mod service;
#[cfg(test)]
mod tests;
mod unrelated;
mod verified;
mod work;

pub use check::{Check, Checked, Record};
pub use deadline::Deadline;
pub use in_time::in_time;
pub use metrics::{
    write_alert, write_append, write_known_findings, write_open_incidents, write_round,
    write_settings_look,
};
pub use rehearsal::{Rehearsal, RehearsalSettings};
pub use reporting::send_report;
pub use work::{Work, WorkError};

pub(crate) use answer::answer;
pub(crate) use check_metrics::CheckMetrics;
pub(crate) use publisher::Publisher;
pub(crate) use resender::Resender;
pub(crate) use run::Run;
pub(crate) use service::{Service, Stack};
pub(crate) use unrelated::UnrelatedMessages;
pub(crate) use work::{WorkService, answer_work};
