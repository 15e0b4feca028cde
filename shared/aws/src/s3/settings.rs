//! The settings of a bucket.
//!
//! For some settings that a bucket does not have, S3 answers with an error of its own:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use super::{MAX_REDIRECTS, S3Objects};
use crate::error::{store_error, unless_absent};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{
    BucketVersioningStatus, ExpirationStatus, LifecycleRule, LifecycleRuleFilter,
    ObjectLockRetentionMode, ReplicationRuleStatus,
};
use futures::join;
use std::collections::BTreeMap;
use trailseal::world::{
    BucketSettings, ExpirationRule, Lifecycle, ObjectLock, Policy, PublicAccess,
    ReadBucketSettings, Replication, StoreError, Versioning,
};

/// What a request does, for errors.
const ACTION: &str = "read the settings of";

/// The days of a year of Object Lock.
const DAYS_OF_YEAR: i32 = 365;

impl ReadBucketSettings for S3Objects {
    /// At the same time: a Region that does not answer takes the time of one request.
    async fn settings(&self, bucket: &str) -> BucketSettings {
        let (events, versioning, object_lock, lifecycle, public_access, policy, replication) = join!(
            self.events(bucket),
            self.versioning(bucket),
            self.object_lock(bucket),
            self.lifecycle(bucket),
            self.public_access(bucket),
            self.policy(bucket),
            self.replication(bucket),
        );
        BucketSettings {
            events,
            versioning,
            object_lock,
            lifecycle,
            public_access,
            policy,
            replication,
        }
    }
}

/// Returns the answer, or `None` if the bucket does not have the setting.
fn setting<T, E>(
    bucket: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
    absent: &str,
) -> Result<Option<T>, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    unless_absent(ACTION, format!("s3://{bucket}"), answer, absent)
}

fn unread<E>(bucket: &str, error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    store_error(ACTION, format!("s3://{bucket}"), error)
}

impl S3Objects {
    async fn events(&self, bucket: &str) -> Result<bool, StoreError> {
        let answer = in_region!(self, bucket, |client| client
            .get_bucket_notification_configuration()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner()));
        let output = answer.map_err(|error| unread(bucket, &error))?;
        Ok(output.event_bridge_configuration.is_some())
    }

    async fn versioning(&self, bucket: &str) -> Result<Versioning, StoreError> {
        let answer = in_region!(self, bucket, |client| client
            .get_bucket_versioning()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner()));
        let output = answer.map_err(|error| unread(bucket, &error))?;
        Ok(Versioning {
            enabled: output.status == Some(BucketVersioningStatus::Enabled),
        })
    }

    async fn object_lock(&self, bucket: &str) -> Result<ObjectLock, StoreError> {
        let answer = in_region!(self, bucket, |client| client
            .get_object_lock_configuration()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner()));
        let output = setting(bucket, answer, "ObjectLockConfigurationNotFoundError")?;
        let retention = output
            .and_then(|output| output.object_lock_configuration)
            .and_then(|configuration| configuration.rule)
            .and_then(|rule| rule.default_retention);
        let Some(retention) = retention else {
            return Ok(ObjectLock::default());
        };
        let years = retention.years.unwrap_or_default();
        let days = retention.days.unwrap_or_default();
        let days = years.saturating_mul(DAYS_OF_YEAR).saturating_add(days);
        Ok(ObjectLock {
            days: u32::try_from(days).unwrap_or_default(),
            compliance: retention.mode == Some(ObjectLockRetentionMode::Compliance),
        })
    }

    async fn lifecycle(&self, bucket: &str) -> Result<Lifecycle, StoreError> {
        let answer = in_region!(self, bucket, |client| client
            .get_bucket_lifecycle_configuration()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner()));
        let output = setting(bucket, answer, "NoSuchLifecycleConfiguration")?;
        let rules = output.and_then(|output| output.rules).unwrap_or_default();
        Ok(Lifecycle {
            rules: rules.iter().filter_map(expiration).collect(),
        })
    }

    async fn public_access(&self, bucket: &str) -> Result<PublicAccess, StoreError> {
        let answer = in_region!(self, bucket, |client| client
            .get_public_access_block()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner()));
        let output = setting(bucket, answer, "NoSuchPublicAccessBlockConfiguration")?;
        let block = output.and_then(|output| output.public_access_block_configuration);
        let Some(block) = block else {
            return Ok(PublicAccess::default());
        };
        let switches = [
            ("BlockPublicAcls", block.block_public_acls),
            ("IgnorePublicAcls", block.ignore_public_acls),
            ("BlockPublicPolicy", block.block_public_policy),
            ("RestrictPublicBuckets", block.restrict_public_buckets),
        ];
        let on = switches.into_iter().filter(|(_, on)| *on == Some(true));
        Ok(PublicAccess {
            blocked: on.map(|(name, _)| name.to_owned()).collect(),
        })
    }

    /// "If you have the correct permissions, but you're not using an identity that belongs to the
    /// bucket owner's account, Amazon S3 returns a `405 Method Not Allowed` error."
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html>
    async fn policy(&self, bucket: &str) -> Result<Policy, StoreError> {
        let answer = in_region!(self, bucket, |client| client
            .get_bucket_policy()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner()));
        let output = setting(bucket, answer, "NoSuchBucketPolicy")?;
        Ok(Policy {
            json: output.and_then(|output| output.policy).unwrap_or_default(),
        })
    }

    async fn replication(&self, bucket: &str) -> Result<Replication, StoreError> {
        let answer = in_region!(self, bucket, |client| client
            .get_bucket_replication()
            .bucket(bucket)
            .set_expected_bucket_owner(self.owner()));
        let output = setting(bucket, answer, "ReplicationConfigurationNotFoundError")?;
        let configuration = output.and_then(|output| output.replication_configuration);
        let rules = configuration.map(|configuration| configuration.rules);
        let enabled = rules.into_iter().flatten();
        let enabled = enabled.filter(|rule| rule.status == ReplicationRuleStatus::Enabled);
        let destinations = enabled.map(|rule| {
            let destination = rule.destination.map(|to| to.bucket).unwrap_or_default();
            (rule.id.unwrap_or_default(), destination)
        });
        Ok(Replication {
            destinations: destinations.collect::<BTreeMap<_, _>>(),
        })
    }
}

/// Returns the rule if it is enabled and lets objects expire.
fn expiration(rule: &LifecycleRule) -> Option<ExpirationRule> {
    if rule.status != ExpirationStatus::Enabled {
        return None;
    }
    let days = rule.expiration.as_ref().and_then(|expiration| {
        let days = expiration.days.and_then(|days| u32::try_from(days).ok());
        days.or(expiration.date.map(|_| 0))
    });
    let noncurrent = rule.noncurrent_version_expiration.as_ref();
    let noncurrent_days = noncurrent.and_then(|expiration| {
        let days = expiration.noncurrent_days?;
        u32::try_from(days).ok()
    });
    if days.is_none() && noncurrent_days.is_none() {
        return None;
    }
    Some(ExpirationRule {
        id: rule.id.clone().unwrap_or_default(),
        days,
        noncurrent_days,
        ..scope(rule)
    })
}

/// Returns the objects that a rule applies to.
fn scope(rule: &LifecycleRule) -> ExpirationRule {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    #[expect(deprecated, reason = "rules of the first version of the API have it")]
    let own = rule.prefix.as_deref();
    let prefix = own
        .or(filter.and_then(LifecycleRuleFilter::prefix))
        .or(and.and_then(|and| and.prefix.as_deref()));
    let one = filter.map(|filter| {
        (
            filter.object_size_greater_than,
            filter.object_size_less_than,
        )
    });
    let all = and.map(|and| (and.object_size_greater_than, and.object_size_less_than));
    let sizes = [one, all].into_iter().flatten();
    let (larger_than, smaller_than): (Vec<_>, Vec<_>) = sizes.unzip();
    let size = |sizes: Vec<Option<i64>>| {
        let size = sizes.into_iter().flatten().next();
        size.and_then(|size| u64::try_from(size).ok())
    };
    let tags = and.and_then(|and| and.tags.as_ref());
    ExpirationRule {
        prefix: prefix.unwrap_or_default().to_owned(),
        larger_than: size(larger_than),
        smaller_than: size(smaller_than),
        needs_tags: filter.is_some_and(|filter| filter.tag.is_some())
            || tags.is_some_and(|tags| !tags.is_empty()),
        ..ExpirationRule::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::primitives::DateTime;
    use aws_sdk_s3::types::{
        LifecycleExpiration, LifecycleRuleAndOperator, NoncurrentVersionExpiration, Tag,
    };

    fn rule(status: ExpirationStatus) -> aws_sdk_s3::types::builders::LifecycleRuleBuilder {
        LifecycleRule::builder().id("old").status(status)
    }

    fn after(days: i32) -> LifecycleExpiration {
        LifecycleExpiration::builder().days(days).build()
    }

    #[test]
    fn only_enabled_rules_that_let_objects_expire_count() {
        let disabled = rule(ExpirationStatus::Disabled).expiration(after(1));
        let moves = rule(ExpirationStatus::Enabled);
        for other in [disabled, moves] {
            assert_eq!(expiration(&other.build().unwrap()), None);
        }
        let date = LifecycleExpiration::builder()
            .date(DateTime::from_secs(1_800_000_000))
            .build();
        let noncurrent = NoncurrentVersionExpiration::builder()
            .noncurrent_days(30)
            .build();
        let both = rule(ExpirationStatus::Enabled)
            .expiration(date)
            .noncurrent_version_expiration(noncurrent);
        let both = expiration(&both.build().unwrap()).unwrap();
        assert_eq!((both.days, both.noncurrent_days), (Some(0), Some(30)));
    }

    #[test]
    fn a_rule_has_its_prefix_and_says_which_sizes_and_whether_tags_limit_it() {
        let tag = Tag::builder().key("k").value("v").build().unwrap();
        let and = LifecycleRuleAndOperator::builder().prefix("and/");
        let sizes = LifecycleRuleAndOperator::builder()
            .object_size_greater_than(1)
            .object_size_less_than(9);
        for (filter, expected) in [
            (
                LifecycleRuleFilter::builder().prefix("AWSLogs/"),
                ("AWSLogs/", None, None, false),
            ),
            (
                LifecycleRuleFilter::builder().tag(tag.clone()),
                ("", None, None, true),
            ),
            (
                LifecycleRuleFilter::builder().object_size_less_than(5),
                ("", None, Some(5), false),
            ),
            (
                LifecycleRuleFilter::builder().object_size_greater_than(5),
                ("", Some(5), None, false),
            ),
            (
                LifecycleRuleFilter::builder().and(sizes.build()),
                ("", Some(1), Some(9), false),
            ),
            (
                LifecycleRuleFilter::builder().and(and.clone().build()),
                ("and/", None, None, false),
            ),
            (
                LifecycleRuleFilter::builder().and(and.tags(tag).build()),
                ("and/", None, None, true),
            ),
        ] {
            let rule = rule(ExpirationStatus::Enabled)
                .expiration(after(1))
                .filter(filter.build());
            let rule = expiration(&rule.build().unwrap()).unwrap();
            let (prefix, tags) = (rule.prefix.as_str(), rule.needs_tags);
            assert_eq!(
                (prefix, rule.larger_than, rule.smaller_than, tags),
                expected
            );
        }
    }
}
