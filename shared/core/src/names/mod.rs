//! The names that AWS gives to its objects. Nothing is judged here.

pub mod arn;
pub mod bucket_name;
pub mod compact_time;
pub mod date_folder;
pub mod date_or_time;
pub mod deed;
pub mod encryption_context;
pub mod event_object;
pub mod evidence_lock;
pub mod ids;
pub mod key_prefix;
pub mod location;
pub mod object_key;
pub mod places;
pub mod printable;
pub mod region_folder;
pub mod seconds;
pub mod sha256;
pub mod shell;
pub(crate) mod split;
pub mod text;
pub mod url_encoding;
pub mod value;
pub mod wildcard;
pub mod window;
