//! The prefixes of a bucket that the files of trails are below.

use super::object_key::{LOG_FOLDER, ROOT_FOLDER};

/// The start of an organization's ID.
const ORGANIZATION: &str = "o-";

/// Returns whether `prefix`, of a lifecycle rule for example, may be the start of keys of log files or
/// digest files. `roots` are the starts of the keys of the bucket's trails, `[prefix/]AWSLogs/`, as far
/// as they are known; empty: nothing is known.
///
/// Other services write below `AWSLogs/`, too: `AWSLogs/111122223333/vpcflowlogs/`. All folders of
/// `CloudTrail` start with its name.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>
///
/// In a prefix, S3 takes `*` literally. Somebody who writes it means every object.
#[must_use]
pub fn may_start_trail_files(prefix: &str, roots: &[&str]) -> bool {
    let below_root = prefix.split_once(ROOT_FOLDER).map(|(_, below)| below);
    match below_root.map(|below| below.strip_prefix('/')) {
        Some(Some(below)) => may_start_below_root(below),
        Some(None) => true,
        None if prefix.contains('*') || roots.is_empty() => true,
        None => roots.iter().any(|root| root.starts_with(prefix)),
    }
}

/// Returns whether a path below `AWSLogs/` may be the start of `[o-orgid/]ACCOUNT/CloudTrail…/`.
fn may_start_below_root(path: &str) -> bool {
    if path.contains('*') {
        return true;
    }
    let mut folders = path.split('/').peekable();
    folders.next_if(|folder| folder.starts_with(ORGANIZATION));
    let service = folders.nth(1);
    let is_complete = folders.next().is_some();
    service.is_none_or(|service| {
        service.starts_with(LOG_FOLDER) || (!is_complete && LOG_FOLDER.starts_with(service))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_another_service_or_folder_holds_no_files_of_trails() {
        for (prefix, expected) in [
            ("", true),
            ("AWS", true),
            ("AWSLogs", true),
            ("AWSLogs/", true),
            ("AWSLogs/o-exampleorgid", true),
            ("AWSLogs/o-exampleorgid/", true),
            ("AWSLogs/o-exampleorgid/111122223333/", true),
            ("AWSLogs/o-exampleorgid/111122223333/CloudTrail/", true),
            ("AWSLogs/o-exampleorgid/111122223333/Config/", false),
            ("AWSLogs/1111", true),
            ("AWSLogs/111122223333/", true),
            ("AWSLogs/111122223333/C", true),
            ("AWSLogs/111122223333/Co", false),
            ("AWSLogs/111122223333/CloudTrail", true),
            ("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/", true),
            ("AWSLogs/111122223333/CloudTrail-Insight/", true),
            ("AWSLogs/111122223333/Cloud/", false),
            ("AWSLogs/111122223333/vpcflowlogs/", false),
            ("AWSLogs/111122223333/vpc", false),
            ("AWSLogs/*/vpcflowlogs/", true),
            ("p/AWSLogs/111122223333/CloudTrail/", true),
            // Another trail may have this prefix.
            ("q/AWSLogs/111122223333/CloudTrail/", true),
            ("q/AWSLogs/111122223333/elasticloadbalancing/", false),
            ("p", true),
            ("p/", true),
            ("p/A", true),
            ("p/B", false),
            ("tmp/", false),
            ("*", true),
            ("tmp/*", true),
        ] {
            let roots = ["AWSLogs/", "p/AWSLogs/"];
            assert_eq!(may_start_trail_files(prefix, &roots), expected, "{prefix}");
        }
        assert!(may_start_trail_files("tmp/", &[]));
    }
}
