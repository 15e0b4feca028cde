//! Where buckets are.

use crate::ports::{BucketPlace, FindBucket};
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_bucket::{HeadBucketError, HeadBucketOutput};
use trailseal::names::ids::AccountId;
use trailseal::world::StoreError;
use trailseal_aws::store_error;

/// The header with a bucket's Region.
const REGION: &str = "x-amz-bucket-region";

type Answer = Result<HeadBucketOutput, SdkError<HeadBucketError, HttpResponse>>;

/// Calls `HeadBucket`, which needs `s3:ListBucket`.
#[derive(Debug)]
pub(crate) struct BucketFinder {
    config: SdkConfig,
}

impl BucketFinder {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            config: config.clone(),
        }
    }

    async fn head(&self, bucket: &str, region: Option<&str>, owner: Option<&AccountId>) -> Answer {
        let mut config = aws_sdk_s3::config::Builder::from(&self.config);
        if let Some(region) = region {
            config = config.region(Region::new(region.to_owned()));
        }
        let head = Client::from_conf(config.build())
            .head_bucket()
            .bucket(bucket);
        head.set_expected_bucket_owner(owner.map(ToString::to_string))
            .send()
            .await
    }
}

impl FindBucket for BucketFinder {
    /// A request to another Region than the bucket's is answered with 301 and the right Region, and
    /// one with a wrong owner with 403:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>,
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>
    async fn find(&self, bucket: &str, owner: &AccountId) -> Result<BucketPlace, StoreError> {
        let own = self.config.region().map(ToString::to_string);
        let mut region = own.clone();
        let mut answer = self.head(bucket, region.as_deref(), Some(owner)).await;
        if let Err(error) = &answer
            && status(error) == Some(301)
        {
            region = region_of(error);
            answer = self.head(bucket, region.as_deref(), Some(owner)).await;
        }
        let error = match answer {
            Ok(output) => {
                let found = output.bucket_region.or(region).unwrap_or_default();
                return Ok(BucketPlace::Here(found));
            }
            Err(error) => error,
        };
        match status(&error) {
            Some(404) => Ok(BucketPlace::Missing),
            Some(403) if self.head(bucket, region.as_deref(), None).await.is_ok() => {
                Ok(BucketPlace::OtherOwner)
            }
            _ => Err(store_error("find the bucket", bucket, &error)),
        }
    }
}

fn status(error: &SdkError<HeadBucketError, HttpResponse>) -> Option<u16> {
    Some(error.raw_response()?.status().as_u16())
}

fn region_of(error: &SdkError<HeadBucketError, HttpResponse>) -> Option<String> {
    let region = error.raw_response()?.headers().get(REGION)?;
    Some(region.to_owned())
}
