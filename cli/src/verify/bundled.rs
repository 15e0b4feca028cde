//! The verification of a bundle: the source and the selection are those of its collection.

use crate::args::VerifyArgs;
use crate::bundle::{self, Archive};
use crate::exit::Stop;
use crate::options;
use crate::source::Named;
use std::sync::Arc;
use trailseal::names::sha256::Sha256;

/// Opens the bundle that the command line names, and returns the verification that it was collected
/// for. Returns none if the source is not a bundle.
///
/// # Errors
/// [`Stop`]: it is a bundle that cannot be used, or an option does not fit.
pub(super) fn find(args: &VerifyArgs) -> Result<Option<(VerifyArgs, Arc<Archive>)>, Stop> {
    let expected = options::one(
        "--manifest-sha256",
        args.manifest_sha256.as_deref(),
        |text| {
            Sha256::from_hex(text)
                .ok_or_else(|| options::is_not(text, "a SHA-256: 64 hexadecimal digits"))
        },
    )?;
    let opened = match Named::parse(&args.source) {
        Ok(Named::Directory(folder)) => bundle::open(&folder).map_err(Stop::cannot_tell)?,
        // The source itself is refused later.
        Ok(Named::S3 { .. }) | Err(_) => None,
    };
    let Some(archive) = opened else {
        return match expected {
            Some(_) => Err(Stop::usage(format_args!(
                "--manifest-sha256 is for a bundle that `trailseal collect` wrote, and {} is not one",
                args.source
            ))),
            None => Ok(None),
        };
    };
    if let Some(option) = unsuitable(args) {
        return Err(Stop::usage(format_args!(
            "{option} does not apply to a bundle: it holds the verification that was collected, with the options of that time"
        )));
    }
    let is = archive.sha256();
    if let Some(expected) = expected.filter(|expected| *expected != is) {
        return Err(Stop::cannot_tell(format_args!(
            "{} is not the bundle that you expect: the SHA-256 of its manifest is {is}, not {expected}",
            args.source
        )));
    }
    let meant = Named::parse(archive.source());
    if !matches!(meant, Ok(Named::S3 { .. })) {
        return Err(Stop::cannot_tell(format_args!(
            "the bundle is damaged: its manifest does not name a bucket that was collected, but `{}`",
            archive.source()
        )));
    }
    let args = VerifyArgs {
        source: archive.source().to_owned(),
        selection: archive.selection().clone(),
        ..args.clone()
    };
    Ok(Some((args, Arc::new(archive))))
}

/// Returns the first given option that does not apply to a bundle.
fn unsuitable(args: &VerifyArgs) -> Option<&'static str> {
    if let Some((option, _)) = args.selection.given().first() {
        return Some(option);
    }
    let given = [
        ("--signatures", args.signatures.is_some()),
        ("--profile", args.profile.is_some()),
        ("--complete", args.complete),
        ("--resume", args.resume.is_some()),
    ];
    let first = given.into_iter().find(|(_, is_given)| *is_given);
    first.map(|(option, _)| option)
}
