//! Regions: the partition that their ARNs belong to, and the signing keys that they use.

use super::rng::Rng;

/// The number of sets of signing keys; Regions of different slots never share a key.
pub(crate) const SLOTS: u8 = 6;

/// Returns the ARN partition of a Region: `aws`, `aws-cn`, `aws-us-gov` and so on.
pub fn partition(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 7] = [
        ("us-gov-", "aws-us-gov"),
        ("cn-", "aws-cn"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    BY_PREFIX
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

/// Returns the set of signing keys that a Region uses.
pub(crate) fn slot(region: &str) -> u8 {
    match region {
        "us-east-1" | "us-gov-west-1" | "cn-north-1" => 0,
        "eu-west-1" | "us-gov-east-1" | "cn-northwest-1" => 1,
        "us-west-2" => 2,
        "eu-central-1" => 3,
        "ap-southeast-2" => 4,
        "us-east-2" => 5,
        other => {
            let hash = Rng::for_subject(0, other).next() % u64::from(SLOTS);
            u8::try_from(hash).expect("less than the number of slots")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_follow_the_region() {
        assert_eq!(partition("us-east-1"), "aws");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-isob-east-1"), "aws-iso-b");
    }

    #[test]
    fn the_usual_regions_have_different_keys() {
        let slots = [
            "us-east-1",
            "eu-west-1",
            "us-west-2",
            "eu-central-1",
            "ap-southeast-2",
        ]
        .map(slot);
        assert_eq!(slots, [0, 1, 2, 3, 4]);
    }
}
