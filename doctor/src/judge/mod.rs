//! The decisions: what was read goes in, and checks come out.

pub(crate) mod buckets;
pub(crate) mod chains;
pub(crate) mod evidence;
pub(crate) mod functions;
pub(crate) mod keys;
pub(crate) mod queues;
pub(crate) mod regions;
mod remedies;
pub(crate) mod roles;
pub(crate) mod rules;
pub(crate) mod schedule;
pub(crate) mod stack;
pub(crate) mod topics;
pub(crate) mod trails;
