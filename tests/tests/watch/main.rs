//! What `watchdog` finds, over a trail in memory and a clock that the tests set: exact findings and
//! all-clears, and nothing else.

mod ends;
mod incidents;
mod lost;
mod second_look;
mod silence;
mod stage;
mod unlisted;
mod unread;
