//! The callers of KMS for the trail, as its events show them.

use super::super::json::Fields;
use super::super::records::{Caller, Scene};
use super::super::region::partition;
use super::super::rng::Rng;
use super::super::time::{iso, seconds};
use super::spec::Reader;

/// CloudTrail's own account, as older events show it.
const CLOUDTRAIL_ACCOUNT: &str = "086441151436";
/// The name of CloudTrail as the source of a call in older events.
pub(super) const INTERNAL: &str = "internal.amazonaws.com";
/// The source of a call that S3 makes for a reader.
const THROUGH_S3: &str = "AWS Internal";
/// The intruder's address.
const INTRUDER_IP: &str = "198.51.100.7";

/// Returns CloudTrail, as current events show it.
pub(super) fn cloudtrail() -> Caller {
    Caller::service("cloudtrail.amazonaws.com")
}

/// Returns a reader, through S3 or, for an enclave, by itself.
pub(super) fn reader(scene: &mut Scene, reader: &Reader) -> Caller {
    match reader {
        Reader::User(arn) => {
            let identity = user(scene, arn, "ASIA").text("invokedBy", THROUGH_S3);
            through_s3(identity)
        }
        Reader::Role { arn, session } => {
            let identity = role_session(scene, arn, session).text("invokedBy", THROUGH_S3);
            through_s3(identity)
        }
        Reader::OtherAccount { account, principal } => {
            let identity = Fields::new()
                .text("type", "AWSAccount")
                .text("principalId", principal)
                .text("accountId", account);
            through_s3(identity)
        }
        Reader::CloudTrail => cloudtrail(),
        Reader::Enclave { role_arn, .. } => enclave(scene, role_arn),
    }
}

/// Returns the session that an enclave has of its instance's role.
pub(super) fn enclave(scene: &mut Scene, role_arn: &str) -> Caller {
    let instance = enclave_instance(role_arn);
    Caller {
        identity: role_session(scene, role_arn, &instance).end(),
        ip: format!("10.0.2.{}", scene.rng.within(&(4..=250))),
        agent: "aws-sdk-rust/1.3.9 ua/2.1 api/kms#1.90.0 os/linux lang/rust#1.90.0".into(),
    }
}

/// Returns the instance that the enclave with the role runs on.
pub(super) fn enclave_instance(role_arn: &str) -> String {
    format!("i-{}", Rng::for_subject(0, role_arn).hex(17))
}

/// Returns the module ID of the enclave with the role: its instance, and the enclave on it.
pub(super) fn enclave_module(role_arn: &str) -> String {
    let enclave = Rng::for_subject(1, role_arn).hex(17);
    format!("{}-enc{enclave}", enclave_instance(role_arn))
}

/// Returns an IAM user at a remote terminal.
pub(super) fn intruder(scene: &mut Scene, arn: &str) -> Caller {
    Caller {
        identity: user(scene, arn, "AKIA").end(),
        ip: INTRUDER_IP.into(),
        agent: "aws-cli/2.31.3 md/awscrt#0.27.6 ua/2.1 os/linux#6.12 lang/python#3.13.7".into(),
    }
}

/// Returns `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`, without the role's path.
pub(super) fn session_arn(role_arn: &str, session: &str) -> String {
    let partition = role_arn.split(':').nth(1).expect("a role's ARN");
    let (account, name) = account_and_name(role_arn);
    format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
}

/// Returns the account and the name without a path from the ARN of a role or user.
fn account_and_name(arn: &str) -> (&str, &str) {
    let account = arn.split(':').nth(4).expect("an ARN has an account");
    let (_, name) = arn.rsplit_once('/').expect("a role's or user's ARN");
    (account, name)
}

fn user(scene: &mut Scene, arn: &str, access_key: &str) -> Fields {
    let (account, name) = account_and_name(arn);
    Fields::new()
        .text("type", "IAMUser")
        .text("principalId", &format!("AIDA{}", scene.rng.capitals(17)))
        .text("arn", arn)
        .text("accountId", account)
        .text(
            "accessKeyId",
            &format!("{access_key}{}", scene.rng.capitals(16)),
        )
        .text("userName", name)
}

fn role_session(scene: &mut Scene, role_arn: &str, session: &str) -> Fields {
    let (account, name) = account_and_name(role_arn);
    // A role's ID stays the same from call to call.
    let principal = format!("AROA{}", Rng::for_subject(2, role_arn).capitals(17));
    let issuer = Fields::new()
        .text("type", "Role")
        .text("principalId", &principal)
        .text("arn", role_arn)
        .text("accountId", account)
        .text("userName", name);
    let attributes = Fields::new()
        .text("creationDate", &iso(scene.time - seconds(1200)))
        .text("mfaAuthenticated", "false");
    Fields::new()
        .text("type", "AssumedRole")
        .text("principalId", &format!("{principal}:{session}"))
        .text("arn", &session_arn(role_arn, session))
        .text("accountId", account)
        .text("accessKeyId", &format!("ASIA{}", scene.rng.capitals(16)))
        .object(
            "sessionContext",
            Fields::new()
                .object("sessionIssuer", issuer)
                .object("attributes", attributes),
        )
}

fn through_s3(identity: Fields) -> Caller {
    Caller {
        identity: identity.end(),
        ip: THROUGH_S3.into(),
        agent: THROUGH_S3.into(),
    }
}

/// Returns CloudTrail's service account, as an assumed role.
pub(super) fn old_role(scene: &Scene) -> Caller {
    let partition = partition(scene.region);
    let attributes = Fields::new()
        .text("mfaAuthenticated", "false")
        .text("creationDate", &iso(scene.time - seconds(1833)));
    let issuer = Fields::new()
        .text("type", "Role")
        .text("principalId", "AROACKCEVSQ6C2EXAMPLE")
        .text(
            "arn",
            &format!("arn:{partition}:iam::{CLOUDTRAIL_ACCOUNT}:role/AWSCloudTrail"),
        )
        .text("accountId", CLOUDTRAIL_ACCOUNT)
        .text("userName", "AWSCloudTrail");
    let session = Fields::new()
        .object("attributes", attributes)
        .object("sessionIssuer", issuer);
    let identity = Fields::new()
        .text("type", "AssumedRole")
        .text("principalId", "AROACKCEVSQ6C2EXAMPLE:i-34755b85")
        .text(
            "arn",
            &format!(
                "arn:{partition}:sts::{CLOUDTRAIL_ACCOUNT}:assumed-role/AWSCloudTrail/i-34755b85"
            ),
        )
        .text("accountId", CLOUDTRAIL_ACCOUNT)
        .text("accessKeyId", "AKIAI44QH8DHBEXAMPLE")
        .object("sessionContext", session)
        .text("invokedBy", INTERNAL);
    internal(identity)
}

/// Returns CloudTrail's service account, as an IAM user.
pub(super) fn old_user(scene: &Scene) -> Caller {
    let attributes = Fields::new()
        .text("mfaAuthenticated", "false")
        .text("creationDate", &iso(scene.time - seconds(33)));
    let identity = Fields::new()
        .text("type", "IAMUser")
        .text("principalId", "AIDACKCEVSQ6C2EXAMPLE")
        .text(
            "arn",
            &format!(
                "arn:{}:iam::{CLOUDTRAIL_ACCOUNT}:user/AWSCloudTrail",
                partition(scene.region)
            ),
        )
        .text("accountId", CLOUDTRAIL_ACCOUNT)
        .text("accessKeyId", "AKIAI44QH8DHBEXAMPLE")
        .text("userName", "AWSCloudTrail")
        .object(
            "sessionContext",
            Fields::new().object("attributes", attributes),
        )
        .text("invokedBy", INTERNAL);
    internal(identity)
}

fn internal(identity: Fields) -> Caller {
    Caller {
        identity: identity.end(),
        ip: INTERNAL.into(),
        agent: INTERNAL.into(),
    }
}
