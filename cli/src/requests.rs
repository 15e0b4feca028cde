//! How many requests to S3, or open files, there are at the same time.

use std::sync::Arc;
use trailseal_aws::RequestPlaces;

/// The number of requests to S3 to start with. At 25 ms a request, these are 5,120 requests a second,
/// a little below the rate that S3 allows for a prefix.
const FIRST: usize = 128;

/// The maximum number of requests to S3, unless the user gives one. At 80 ms a request, these are
/// 6,400 requests a second, more than S3 allows for a prefix:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>.
const REQUESTS: usize = 512;

/// The number of open files of a copy on disk, unless the user gives one.
const FILES: usize = 48;

/// How many open files and connections the command has besides those of requests, at most.
const OTHER_FILES: u64 = 128;

/// The maximum number of requests at a time, and their places.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    /// The maximum number.
    pub(crate) at_most: usize,
    /// The places, which all clients share.
    pub(crate) places: Arc<RequestPlaces>,
}

impl Requests {
    /// Returns the places for requests to S3. Trailseal adjusts their number; `asked` is its maximum.
    pub(crate) fn to_s3(asked: Option<u16>) -> Self {
        let asked = asked.map_or(REQUESTS, usize::from);
        let at_most = asked.min(connections()).max(1);
        Self {
            at_most,
            places: RequestPlaces::growing(FIRST, at_most),
        }
    }

    /// Returns a fixed number of places, as for open files.
    pub(crate) fn fixed(asked: Option<u16>) -> Self {
        let at_most = asked.map_or(FILES, usize::from);
        Self {
            at_most,
            places: RequestPlaces::fixed(at_most),
        }
    }
}

/// Returns how many connections the command may have. Asks the system to allow as many as the user
/// may have: macOS allows a program 256 open files and connections, unless it asks for more.
fn connections() -> usize {
    let files = allowed_files().unwrap_or(u64::MAX);
    usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX)
}

/// Returns the number of files that may be open, or `None` if nothing limits it.
#[cfg(unix)]
fn allowed_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let wanted = u64::try_from(REQUESTS).unwrap_or(u64::MAX) + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current?;
    if current >= wanted {
        return Some(current);
    }
    let raised = Rlimit {
        current: Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted))),
        maximum: limit.maximum,
    };
    // Without it, there are fewer requests at a time.
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current
}

/// Returns the number of files that may be open, or `None` if nothing limits it.
#[cfg(not(unix))]
fn allowed_files() -> Option<u64> {
    None
}
