//! The values that the events are compared with, from the command line.
//!
//! The tests are in `tests/tests/command/kms.rs`.

use crate::args::KmsArgs;
use crate::exit::Stop;
use crate::options::{aliases, bucket_owner, is_not, many};
use trailseal::kms::expected::Expected;
use trailseal::kms::expected::enclave_image;
use trailseal::kms::readers::Readers;
use trailseal::kms::readers::reader_rule;
use trailseal::names::arn::kms_key_arn;
use trailseal::names::arn::role_arn;
use trailseal::names::bucket_name::bucket_name;
use trailseal::names::ids::TrailArn;
use trailseal::names::places::{Places, Storage};

/// Reads the options. If none names a bucket, the source determines whose buckets are meant.
///
/// # Errors
/// [`Stop`], with the values that an option accepts.
pub(super) fn expected(args: &KmsArgs) -> Result<Expected, Stop> {
    let places = Places {
        log_buckets: each(
            "--bucket",
            &args.buckets,
            "a bucket name, without s3:// and without a prefix",
            bucket_name,
        )?,
        bucket_owner: bucket_owner(args.bucket_owner.as_deref())?,
        trails: many("--trail", &args.trails, TrailArn::parse)?,
        aliases: aliases(&args.aliases)?,
        storage: Storage::Bucket,
    };
    let readers = each(
        "--reader",
        &args.readers,
        "an ARN pattern of a role, user or session (arn:aws:iam::111122223333:role/Audit*), a service principal (athena.amazonaws.com) or `*`, with or without =enclave or =via:SERVICE after it",
        reader_rule,
    )?;
    let own_roles = each(
        "--own-role",
        &args.own_roles,
        "the ARN of an IAM role (arn:aws:iam::111122223333:role/NAME)",
        role_arn,
    )?;
    Ok(Expected {
        places,
        key_arns: each(
            "--key",
            &args.keys,
            "the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID; `aws kms describe-key` prints it, also for an alias)",
            kms_key_arn,
        )?,
        readers: Readers::new(readers, own_roles),
        enclave_images: each(
            "--enclave-image",
            &args.enclave_images,
            "a PCR0 value (96 hexadecimal digits), as `nitro-cli build-enclave` prints it",
            enclave_image,
        )?,
        retention_days: args.retention_days,
    })
}

/// Reads values of an option whose error message only says what the option accepts.
fn each<T>(
    option: &str,
    texts: &[String],
    takes: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Stop> {
    many(option, texts, |text| {
        read(text).ok_or_else(|| is_not(text, takes))
    })
}
