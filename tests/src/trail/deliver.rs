//! Writes a trail to where it can be read: to S3, or to a directory.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::operation::create_bucket::CreateBucketError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, ServerSideEncryption,
};
use futures::{StreamExt as _, TryStreamExt as _};

use super::object::{Change, Encryption, Location, Object};
use super::output::{DigestFile, Trail};

/// How many objects are written at the same time.
const CONCURRENCY: usize = 16;
/// How many chains are written at the same time if order matters.
const CHAINS: usize = 8;

/// The header with which the local AWS takes a request for that of a service.
const REQUESTER: &str = "x-trailseal-requester";

/// CloudTrail.
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// The service principal of S3 itself, whose lifecycle rules expire objects.
pub const S3: &str = "s3.amazonaws.com";

/// Writes one object with its metadata and encryption headers, as CloudTrail does.
pub async fn put(client: &Client, object: &Object) -> anyhow::Result<()> {
    put_by(client, object, Some(CLOUDTRAIL)).await
}

/// Writes one object with its metadata and encryption headers, as a service or as a principal of
/// the account.
pub async fn put_by(
    client: &Client,
    object: &Object,
    service: Option<&'static str>,
) -> anyhow::Result<()> {
    let request = client
        .put_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .body(ByteStream::from(object.body.clone()))
        .content_type(&object.content_type)
        .set_content_encoding(object.content_encoding.clone())
        .set_metadata(Some(object.metadata.clone().into_iter().collect()));
    let request = match &object.encryption {
        Encryption::S3 => request.server_side_encryption(ServerSideEncryption::Aes256),
        Encryption::Kms(key) => request
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(key),
    };
    let location = object.location();
    request
        .customize()
        .mutate_request(move |request| name_requester(request, service))
        .send()
        .await
        .with_context(|| format!("writing {location}"))?;
    Ok(())
}

fn name_requester(request: &mut HttpRequest, service: Option<&'static str>) {
    if let Some(service) = service {
        request.headers_mut().insert(REQUESTER, service);
    }
}

/// Deletes the current version of an object, as a service or as a principal of the account.
pub async fn delete_by(
    client: &Client,
    location: &Location,
    service: Option<&'static str>,
) -> anyhow::Result<()> {
    client
        .delete_object()
        .bucket(&location.bucket)
        .key(&location.key)
        .customize()
        .mutate_request(move |request| name_requester(request, service))
        .send()
        .await
        .with_context(|| format!("deleting {location}"))?;
    Ok(())
}

/// Makes one change to a bucket.
pub async fn apply(client: &Client, change: &Change) -> anyhow::Result<()> {
    match change {
        Change::Put(object) => put(client, object).await,
        Change::Delete(location) => delete_by(client, location, None).await,
    }
}

/// Writes objects, several at the same time, in no order.
pub async fn deliver_to_s3<'a>(
    client: &Client,
    objects: impl IntoIterator<Item = &'a Object>,
) -> anyhow::Result<()> {
    let objects: Vec<&Object> = objects.into_iter().collect();
    futures::stream::iter(objects)
        .map(|object| put(client, object))
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

/// Writes a trail as CloudTrail does: in every chain, each digest arrives after the log files that
/// it lists and after its predecessor. Chains are independent of each other.
pub async fn deliver_in_order(client: &Client, trail: &Trail) -> anyhow::Result<()> {
    let mut chains: BTreeMap<(&str, &str), Vec<&DigestFile>> = BTreeMap::new();
    for digest in &trail.digests {
        let chain = chains.entry((&digest.account, &digest.region)).or_default();
        chain.push(digest);
    }
    let deliveries = chains.into_values().map(async |mut digests| {
        digests.sort_by_key(|digest| digest.generated_at);
        for digest in digests {
            let logs = trail.logs_of(digest);
            deliver_to_s3(client, logs.into_iter().map(|log| &log.object)).await?;
            put(client, &digest.object).await?;
        }
        anyhow::Ok(())
    });
    futures::stream::iter(deliveries)
        .buffer_unordered(CHAINS)
        .try_collect()
        .await
}

/// Creates buckets in a Region; buckets that the caller already has are left unchanged.
pub async fn create_buckets(client: &Client, region: &str, buckets: &[&str]) -> anyhow::Result<()> {
    for bucket in buckets {
        let mut request = client.create_bucket().bucket(*bucket);
        if region != "us-east-1" {
            let constraint = CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build();
            request = request.create_bucket_configuration(constraint);
        }
        let result = request
            .send()
            .await
            .map_err(aws_sdk_s3::error::SdkError::into_service_error);
        match result {
            Ok(_) | Err(CreateBucketError::BucketAlreadyOwnedByYou(_)) => {}
            Err(error) => return Err(error).context(format!("creating bucket {bucket}")),
        }
    }
    Ok(())
}

/// Writes objects to a directory as `aws s3 sync` leaves them: a folder for each bucket, the bytes
/// as stored, no metadata and no folder markers.
pub fn write_to_dir<'a>(
    directory: &Path,
    objects: impl IntoIterator<Item = &'a Object>,
) -> anyhow::Result<()> {
    for object in objects {
        if object.key.ends_with('/') {
            continue;
        }
        let path = directory.join(&object.bucket).join(&object.key);
        let folder = path.parent().context("a file has a folder")?;
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, &object.body))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
