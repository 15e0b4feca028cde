//! `trailseal doctor` on a stack that the real template deployed and the real functions worked for.
//!
//! The stack is healthy first. Then each fault is put in by itself: exactly one check is wrong, and
//! the command that it prints makes everything ok again.

mod faults;
mod permissions;
mod stage;
mod unread;
