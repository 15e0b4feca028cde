//! The command `trailseal`, end to end: the built program against a local AWS and against copies
//! on disk. Needs the program beside the test, and the `.venv`.

mod directories;
mod failures;
mod formats;
mod holes;
mod inspect;
mod kms;
mod organization;
mod ranges;
mod refusals;
mod resume;
mod stage;
mod tampering;
mod unlisted;
