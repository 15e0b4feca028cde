//! Advice on objects that could not be read.

use trailseal::world::{Absence, Cause, CredentialTrouble};

/// The advice on objects that are missing from a copy on disk.
pub(crate) const NOT_IN_COPY: &str = "Finish the copy (run `aws s3 sync` again) and verify it again. If the copy holds everything that was in the bucket, give --complete: then what is not in it is a finding. If only a part of the time was copied, name that part with --start-time and --end-time.";

/// Returns the advice on something that could not be read.
pub(crate) fn advice(cause: &Cause) -> &'static str {
    match cause {
        Cause::Denied(_) => {
            "Give the caller s3:ListBucket and s3:GetObject on the bucket, kms:Decrypt on the key of the log files, and cloudtrail:ListPublicKeys, and verify again."
        }
        Cause::KeyUnusable(_) => {
            "Enable the KMS key or cancel its deletion (aws kms enable-key, aws kms cancel-key-deletion), find out who changed it (DisableKey, ScheduleKeyDeletion), and verify again. Permissions do not help. What a deleted key encrypted stays unreadable."
        }
        Cause::RegionDisabled(_) => {
            "Where an account has not opted into a Region, CloudTrail does not list the Region's public keys to it. Save the keys with an account that has (trailseal keys --output FILE), and verify again with --keys FILE."
        }
        Cause::Credentials(trouble, _) => credentials_advice(*trouble),
        Cause::Archived(_) => "Restore the object (aws s3api restore-object), and verify again.",
        Cause::Unavailable(_) => {
            "Verify again, with a lower --concurrency if requests were throttled."
        }
        Cause::Absent(Absence::NotInCopy) => NOT_IN_COPY,
        Cause::Absent(_) | Cause::NotYet => {
            "Check the names of the bucket and the prefix; in a replica, wait until it has caught up."
        }
        Cause::TooLarge(_) | Cause::Interrupted | Cause::Failed(_) => "",
    }
}

/// Returns the advice on credentials that AWS does not accept.
fn credentials_advice(trouble: CredentialTrouble) -> &'static str {
    match trouble {
        CredentialTrouble::Expired => {
            "Get new credentials (aws sso login, or whatever gave you these), and run the command again."
        }
        CredentialTrouble::Clock => {
            "Set the clock of this machine, and run the command again: AWS accepts requests whose time is at most some minutes off."
        }
        CredentialTrouble::Unknown => {
            "Check the credentials: the access key was deleted or deactivated, is mistyped, belongs to another partition of AWS, or a session token is missing or is another key's. `aws sts get-caller-identity` says whether AWS knows them."
        }
        CredentialTrouble::Signature => {
            "Check the secret access key: it is another key's, or mistyped. If it is right, something between this machine and AWS changes requests."
        }
        CredentialTrouble::NotLoaded => {
            "Sign in again (aws sso login), or find out why the source of the credentials no longer provides any, and run the command again."
        }
    }
}
