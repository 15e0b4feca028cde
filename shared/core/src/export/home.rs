//! The partition, the Region and the account of the stack.

use crate::names::ids::{AccountId, Region};
use crate::names::location::ObjectLocation;

/// The place of the stack, from which ARNs are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// `aws`, `aws-cn`, ….
    pub partition: String,
    /// The Region of the stack.
    pub region: String,
    /// The account of the stack.
    pub account: String,
}

impl Home {
    /// Returns the place of a stack. Returns `None` if the Region or the account is not valid.
    #[must_use]
    pub fn new(region: &str, account: &str) -> Option<Self> {
        let region = Region::new(region).ok()?;
        AccountId::new(account).ok()?;
        Some(Self {
            partition: region.partition().to_owned(),
            region: region.to_string(),
            account: account.to_owned(),
        })
    }

    /// Returns the ARN of an object, or of its bucket if there is no key. Returns `None` if there
    /// is no bucket.
    #[must_use]
    pub fn object_arn(&self, object: &ObjectLocation) -> Option<String> {
        let ObjectLocation { bucket, key, .. } = object;
        let partition = &self.partition;
        match (bucket.as_str(), key.as_str()) {
            ("", _) => None,
            (bucket, "") => Some(format!("arn:{partition}:s3:::{bucket}")),
            (bucket, key) => Some(format!("arn:{partition}:s3:::{bucket}/{key}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_the_partition_of_the_stack() {
        let home = Home::new("cn-north-1", "111122223333").unwrap();
        let arn = |bucket, key| home.object_arn(&ObjectLocation::new(bucket, key));
        assert_eq!(arn("b", "k/1").unwrap(), "arn:aws-cn:s3:::b/k/1");
        assert_eq!(arn("b", "").unwrap(), "arn:aws-cn:s3:::b");
        assert_eq!(arn("", "k"), None);
        assert_eq!(Home::new("us-east-1", "1"), None);
        assert_eq!(Home::new("nowhere", "111122223333"), None);
    }
}
