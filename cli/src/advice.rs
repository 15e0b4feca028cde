//! Advice on objects that could not be read.

use trailseal::world::{Absence, Cause, CredentialTrouble};

/// The advice on objects that are missing from a copy on disk.
pub(crate) const NOT_IN_COPY: &str = "Finish the copy (run `aws s3 sync` again) and verify it again. If the copy contains everything that was in the bucket, give --complete: an object that is missing from it is then a finding. If you copied only a part of the time, give that part with --start-time and --end-time.";

/// Returns the advice on something that could not be read.
pub(crate) fn advice(cause: &Cause) -> &'static str {
    match cause {
        Cause::Denied(_) => {
            "Allow your user or role s3:ListBucket and s3:GetObject on the bucket, kms:Decrypt on the key of the log files, and cloudtrail:ListPublicKeys. Then verify again."
        }
        Cause::KeyUnusable(_) => {
            "Enable the KMS key or cancel its deletion (aws kms enable-key, aws kms cancel-key-deletion), find out who changed it (DisableKey, ScheduleKeyDeletion), and verify again. Permissions do not help. Objects that a deleted key encrypted remain unreadable."
        }
        Cause::RegionDisabled(_) => {
            "CloudTrail does not list the public keys of a Region that is not enabled for the account. Save the keys with an account for which the Region is enabled (trailseal keys --output FILE), and verify again with --keys FILE."
        }
        Cause::Credentials(trouble, _) => credentials_advice(*trouble),
        Cause::Archived(_) => "Restore the object (aws s3api restore-object), and verify again.",
        Cause::Unavailable(_) => {
            "Verify again, with a lower --concurrency if requests were throttled."
        }
        Cause::Absent(Absence::NotInCopy) => NOT_IN_COPY,
        Cause::Absent(_) | Cause::NotYet => {
            "Check the names of the bucket and the prefix. In a replica, wait until replication is complete."
        }
        Cause::MayHaveExpired(_) | Cause::TooLarge(_) | Cause::Interrupted | Cause::Failed(_) => "",
    }
}

/// Returns the advice on credentials that AWS does not accept.
fn credentials_advice(trouble: CredentialTrouble) -> &'static str {
    match trouble {
        CredentialTrouble::Expired => {
            "Get new credentials (for example with aws sso login), and run the command again."
        }
        CredentialTrouble::Clock => {
            "Set the clock of this machine, and run the command again. AWS refuses requests whose time differs by more than some minutes from its own."
        }
        CredentialTrouble::Unknown => {
            "Check the credentials. The access key was deleted or deactivated, is mistyped or belongs to another AWS partition, or the session token is missing or belongs to another key. `aws sts get-caller-identity` shows whether AWS accepts them."
        }
        CredentialTrouble::Signature => {
            "Check the secret access key: it is mistyped, or belongs to another access key. If it is correct, something between this machine and AWS changes requests."
        }
        CredentialTrouble::NotLoaded => {
            "Sign in again (aws sso login), or find out why the source of the credentials no longer provides them, and run the command again."
        }
    }
}
