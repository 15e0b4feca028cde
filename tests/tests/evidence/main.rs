//! The evidence log: what is appended, what survives crashes, and what an audit finds.

mod against;
mod append;
mod audit;
mod command;
mod cost;
mod edits;
mod period;
mod proof;
mod verified;
mod world;
