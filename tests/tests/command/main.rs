//! The command `trailseal`, end to end: the built program against a local AWS and against copies on
//! disk. Needs the program next to the test, and the `.venv`.

mod bundles;
mod copies;
mod credentials;
mod directories;
mod ends;
mod failures;
mod formats;
mod holes;
mod inspect;
mod kms;
mod named;
mod organization;
mod ranges;
mod refusals;
mod regions;
mod remedies;
mod resume;
mod stage;
mod tampering;
mod unlisted;
mod values;
