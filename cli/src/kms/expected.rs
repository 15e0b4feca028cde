//! What the events are held against, from the command line.

use crate::args::KmsArgs;
use crate::exit::Stop;
use crate::verify::alias_of;
use trailseal::config::{Places, bucket_name, enclave_image, role_arn};
use trailseal::ids::{AccountId, TrailArn};
use trailseal::kms::is_key_arn;
use trailseal::kms::readers::{ReaderRule, Readers};
use trailseal::kms::rules::Expected;

/// Reads the options. Whose buckets are meant where none is named is for the source to say.
///
/// # Errors
/// [`Stop`], with what an option takes.
pub(super) fn expected(args: &KmsArgs) -> Result<Expected, Stop> {
    let places = Places {
        log_buckets: many("--bucket", &args.buckets, "a bucket's name", bucket_name)?,
        bucket_owner: args
            .bucket_owner
            .as_deref()
            .map(AccountId::new)
            .transpose()
            .map_err(Stop::usage)?,
        trails: args
            .trails
            .iter()
            .map(|trail| TrailArn::parse(trail).map_err(Stop::usage))
            .collect::<Result<_, _>>()?,
        aliases: args
            .aliases
            .iter()
            .map(|alias| alias_of(alias))
            .collect::<Result<_, _>>()?,
        bare_copy: false,
    };
    let readers = many(
        "--reader",
        &args.readers,
        "an ARN pattern (arn:aws:iam::111122223333:role/Audit*), a service principal (athena.amazonaws.com) or `*`, each of which may end in =enclave or =via:SERVICE",
        |text| ReaderRule::parse(text).ok(),
    )?;
    let own_roles = many(
        "--own-role",
        &args.own_roles,
        "an IAM role's ARN (arn:aws:iam::111122223333:role/NAME)",
        role_arn,
    )?;
    Ok(Expected {
        places,
        key_arns: many(
            "--key",
            &args.keys,
            "a KMS key's ARN (arn:aws:kms:REGION:ACCOUNT:key/ID); an alias is none",
            |text| is_key_arn(text).then(|| text.to_owned()),
        )?,
        readers: Readers::new(readers, own_roles),
        enclave_images: many(
            "--enclave-image",
            &args.enclave_images,
            "a PCR0 value (96 hex digits), as `nitro-cli build-enclave` prints it",
            enclave_image,
        )?,
    })
}

fn many<T>(
    option: &str,
    texts: &[String],
    takes: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Stop> {
    texts
        .iter()
        .map(|text| {
            read(text).ok_or_else(|| Stop::usage(format_args!("{option} `{text}` is not {takes}")))
        })
        .collect()
}
