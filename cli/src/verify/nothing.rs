//! The error of a run that has nothing to report.

use crate::exit::Stop;
use crate::report::Verification;
use trailseal::bucket::selection::Part;
use trailseal::names::object_key::ROOT_FOLDER;

/// Returns why there is nothing to report.
pub(super) fn nothing(verification: &Verification, part: &Part, found: bool) -> Stop {
    if let Some(first) = verification.cannot_tell.first() {
        let reason = first.reason.trim_end_matches('.');
        return Stop::cannot_tell(format_args!("{reason}. {}", first.advice));
    }
    let Verification { source, .. } = verification;
    if let Part::Elsewhere(_) = part {
        Stop::cannot_tell(format_args!(
            "{source} is not a folder that CloudTrail delivers to: give the bucket, or a folder {ROOT_FOLDER}/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ of log files or {ROOT_FOLDER}/ACCOUNT/CloudTrail-Digest/REGION/YYYY/MM/DD/ of digest files"
        ))
    } else if let Part::Digest(_) = part {
        Stop::cannot_tell(format_args!(
            "{source} does not exist, and no later digest file names it: check the name"
        ))
    } else if part.is_log_files() && found {
        Stop::cannot_tell(format_args!(
            "{source} contains no log file, and no digest file lists one that should be there: check the name"
        ))
    } else if found {
        Stop::cannot_tell(format_args!(
            "{source} contains no digest that matches the request: check --start-time, --end-time, --account, --region and --trail, and that log file validation is enabled on the trail"
        ))
    } else {
        Stop::cannot_tell(format_args!(
            "{source} contains no trail, because it has no {ROOT_FOLDER}/ACCOUNT/CloudTrail-Digest folder: check the bucket and the prefix"
        ))
    }
}
