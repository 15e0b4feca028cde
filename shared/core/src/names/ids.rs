//! Names that AWS gives to accounts, Regions, organizations and trails, checked on entry.

use crate::names::split::{rsplit_once, split_once};
use crate::names::text::clip;
use std::fmt;

/// The error for a text that is not the expected name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct IdError {
    text: String,
    expected: &'static str,
}

impl IdError {
    fn new(text: &str, expected: &'static str) -> Self {
        // The text may come from anybody: keep only what a message needs.
        Self {
            text: clip(text, 200).to_owned(),
            expected,
        }
    }
}

/// A name of at most `N` bytes, which is held in place: the names in every record and in every key
/// of an object need no memory of their own. The bytes after it are zero, so that names have the
/// order of their texts.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct ShortName<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> TryFrom<&str> for ShortName<N> {
    type Error = ();

    fn try_from(text: &str) -> Result<Self, ()> {
        let mut bytes = [0; N];
        let place = bytes.get_mut(..text.len()).ok_or(())?;
        place.copy_from_slice(text.as_bytes());
        Ok(Self {
            bytes,
            length: text.len(),
        })
    }
}

impl<const N: usize> ShortName<N> {
    fn as_str(&self) -> &str {
        let text = self.bytes.get(..self.length);
        text.and_then(|text| str::from_utf8(text).ok())
            .unwrap_or_default()
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $held:ty, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name($held);

        impl $name {
            /// Checks `text` and keeps it.
            ///
            /// # Errors
            /// [`IdError`] if the text has another form.
            pub fn new(text: &str) -> Result<Self, IdError> {
                let check: fn(&str) -> bool = $check;
                match <$held>::try_from(text) {
                    Ok(name) if check(text) => Ok(Self(name)),
                    _ => Err(IdError::new(text, $expected)),
                }
            }

            /// Returns the name as AWS writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

name_type!(
    /// A twelve-digit AWS account ID.
    AccountId,
    ShortName<12>,
    "an AWS account ID (12 digits, without dashes)",
    |t| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit())
);

name_type!(
    /// The name of an AWS Region, such as `us-gov-west-1`.
    Region,
    ShortName<32>,
    "an AWS Region name",
    is_region
);

name_type!(
    /// The ID of an AWS organization, such as `o-exampleorgid`.
    ///
    /// Rule: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html>
    OrganizationId,
    ShortName<34>,
    "an organization ID (o- and 10 to 32 lowercase letters or digits)",
    |t| t.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
);

name_type!(
    /// The name of a trail: 3 to 128 letters, digits, `.`, `_` and `-`.
    ///
    /// Rule: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html>
    TrailName,
    String,
    "a trail name (3 to 128 letters, digits, periods, underscores and dashes)",
    |t| {
        (3..=128).contains(&t.len())
            && t.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    }
);

/// Returns whether `text` has the form of a Region name: lowercase words and a number, joined by
/// dashes.
fn is_region(text: &str) -> bool {
    let Some((words, number)) = rsplit_once(text, b'-') else {
        return false;
    };
    text.len() <= 32
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && words.bytes().any(|b| b == b'-')
        && words
            .as_bytes()
            .split(|b| *b == b'-')
            .all(|w| !w.is_empty() && w.iter().all(u8::is_ascii_lowercase))
}

impl Region {
    /// Returns the partition this Region belongs to, as ARNs contain it.
    ///
    /// Source: the partitions file of the AWS SDKs,
    /// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        const BY_PREFIX: [(&str, &str); 7] = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("us-isob-", "aws-iso-b"),
            ("us-isof-", "aws-iso-f"),
            ("us-iso-", "aws-iso"),
            ("eu-isoe-", "aws-iso-e"),
            ("eusc-", "aws-eusc"),
        ];
        BY_PREFIX
            .iter()
            .find(|(prefix, _)| self.0.bytes.starts_with(prefix.as_bytes()))
            .map_or("aws", |(_, partition)| partition)
    }
}

/// The ARN of a trail: `arn:PARTITION:cloudtrail:HOMEREGION:ACCOUNT:trail/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrailArn {
    partition: &'static str,
    /// The trail's home Region.
    pub home_region: Region,
    /// The account that owns the trail. For an organization trail, it is the management account.
    pub account: AccountId,
    /// The trail's name.
    pub name: TrailName,
}

impl TrailArn {
    /// Returns the ARN of a trail in the partition of its home Region.
    #[must_use]
    pub fn new(home_region: Region, account: AccountId, name: TrailName) -> Self {
        Self {
            partition: home_region.partition(),
            home_region,
            account,
            name,
        }
    }

    /// Returns the partition that the trail belongs to, as ARNs contain it.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        self.partition
    }

    /// Returns the ARN of a role in the trail's account.
    #[must_use]
    pub fn role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.partition, self.account)
    }

    /// Reads a trail ARN.
    ///
    /// # Errors
    /// [`IdError`] if the text is not the ARN of a trail, or names another partition than the one
    /// that its Region belongs to.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        const EXPECTED: &str = "a trail ARN (arn:PARTITION:cloudtrail:REGION:ACCOUNT:trail/NAME)";
        let error = || IdError::new(text, EXPECTED);
        let rest = text.strip_prefix("arn:").ok_or_else(error)?;
        let (partition, rest) = split_once(rest, b':').ok_or_else(error)?;
        let rest = rest.strip_prefix("cloudtrail:").ok_or_else(error)?;
        let (region, rest) = split_once(rest, b':').ok_or_else(error)?;
        let (account, resource) = split_once(rest, b':').ok_or_else(error)?;
        let name = resource.strip_prefix("trail/").ok_or_else(error)?;
        let arn = Self::new(
            Region::new(region)?,
            AccountId::new(account)?,
            TrailName::new(name)?,
        );
        if arn.partition == partition {
            Ok(arn)
        } else {
            Err(error())
        }
    }
}

impl fmt::Display for TrailArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "arn:{}:cloudtrail:{}:{}:trail/{}",
            self.partition, self.home_region, self.account, self.name
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_know_their_partition() {
        for (region, partition) in [
            ("us-east-1", "aws"),
            ("ap-southeast-4", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(Region::new(region).unwrap().partition(), partition);
        }
    }

    #[test]
    fn malformed_names_are_rejected() {
        for text in [
            "",
            "useast1",
            "us-1",
            "us--east-1",
            "US-east-1",
            "us-east-",
            "us-east-1/..",
        ] {
            assert!(Region::new(text).is_err(), "{text}");
        }
        assert!(AccountId::new("11112222333").is_err());
        assert!(AccountId::new("11112222333x").is_err());
        assert!(TrailName::new("ab").is_err());
        assert!(TrailName::new("a/b/c").is_err());
        assert!(OrganizationId::new("o-short").is_err());
    }

    #[test]
    fn names_have_the_texts_and_the_order_that_they_were_read_with() {
        let texts = ["ap-southeast-4", "us-east-1", "us-east-11", "us-east-2"];
        let regions = texts.map(|text| Region::new(text).unwrap());
        assert!(regions.is_sorted());
        for (region, text) in regions.iter().zip(texts) {
            assert_eq!(region.as_str(), text);
            assert_eq!(
                format!("{region} {region:?}"),
                format!("{text} Region({text:?})")
            );
        }
        let longest = format!("{}-a-1", "a".repeat(28));
        assert_eq!(Region::new(&longest).unwrap().as_str(), longest);
        assert!(Region::new(&format!("a{longest}")).is_err());
        let longest = format!("o-{}", "a".repeat(32));
        assert_eq!(OrganizationId::new(&longest).unwrap().as_str(), longest);
    }

    #[test]
    fn trail_arn_reads_and_prints() {
        let text = "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/my_trail.x-1";
        let arn = TrailArn::parse(text).unwrap();
        assert_eq!(arn.name.as_str(), "my_trail.x-1");
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn trail_arn_of_another_partition_or_service_is_rejected() {
        for text in [
            "arn:aws:cloudtrail:us-gov-west-1:111122223333:trail/name",
            "arn:aws:s3:us-east-1:111122223333:trail/name",
            "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/name",
            "arn:aws:cloudtrail:us-east-1:111122223333",
        ] {
            assert!(TrailArn::parse(text).is_err(), "{text}");
        }
    }
}
