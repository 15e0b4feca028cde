//! The permissions of the functions' roles: what the templates declare, what the tests used, and
//! `docs/privileges.md`, which lists both.
//!
//! A permission that is missing fails the test that needs it: the proxy denies the call. Here, the
//! record of all tests shows which permissions nothing needed.

mod comments;
mod comparison;
mod declared;
mod document;
mod unmeasured;
