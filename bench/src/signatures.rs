//! One signature check, alone.

use std::fs;
use std::time::Instant;

use anyhow::{Context as _, anyhow, ensure};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trailseal_tests::trail::{KeySchedule, gzip};

use crate::data::{BUCKET, DataSet, REGION};
use crate::report::median;

const ROUNDS: usize = 9;
const CHECKS: u32 = 500;

/// The seconds per check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checks {
    /// With the crate `rsa`.
    pub(crate) rsa: f64,
    /// With the crate `aws-lc-rs`, reading the key each time.
    pub(crate) aws_lc: f64,
}

/// Checks the signature of a set's newest digest repeatedly, with each crate in turn.
pub(crate) fn measure(set: &DataSet) -> anyhow::Result<Checks> {
    let signature: Value = serde_json::from_slice(&fs::read(set.newest_signature())?)?;
    let signature = signature
        .get(&set.about.newest)
        .and_then(Value::as_str)
        .context("the newest digest's signature")?;
    let signature = hex::decode(signature)?;
    let body = gzip::inflate(&fs::read(set.directory().join(&set.about.newest))?);
    let digest: Value = serde_json::from_slice(&body)?;
    let text = |name: &str| {
        digest
            .get(name)
            .and_then(Value::as_str)
            .with_context(|| format!("{name} of the newest digest"))
    };
    let end = text("digestEndTime")?;
    let message = format!(
        "{end}\n{BUCKET}/{}\n{}\n{}",
        set.about.newest,
        hex::encode(Sha256::digest(&body)),
        text("previousDigestSignature")?,
    );
    let key = KeySchedule::default()
        .signer_at(REGION, end.parse()?)
        .key
        .pkcs1_der();

    let rsa = VerifyingKey::<Sha256>::new(RsaPublicKey::from_pkcs1_der(&key)?);
    let rsa_signature = Signature::try_from(signature.as_slice())?;
    let with_rsa = || rsa.verify(message.as_bytes(), &rsa_signature).is_ok();
    let aws_lc = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key);
    let with_aws_lc = || aws_lc.verify(message.as_bytes(), &signature).is_ok();
    ensure!(with_rsa() && with_aws_lc(), "the signature is valid");

    let (mut rsa, mut aws_lc) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rsa.push(time(&with_rsa)?);
        aws_lc.push(time(&with_aws_lc)?);
    }
    Ok(Checks {
        rsa: median(rsa),
        aws_lc: median(aws_lc),
    })
}

fn time(check: &dyn Fn() -> bool) -> anyhow::Result<f64> {
    let began = Instant::now();
    let all = (0..CHECKS).fold(true, |all, _| std::hint::black_box(check()) && all);
    let took = began.elapsed().as_secs_f64() / f64::from(CHECKS);
    all.then_some(took)
        .ok_or_else(|| anyhow!("a check came out differently"))
}
