//! Where a trail is delivered: its buckets, their replicas, and what it is called.

use crate::names::ids::{AccountId, TrailArn};

/// Whether CloudTrail delivers to a bucket, or S3 replicates into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketRole {
    /// CloudTrail delivers there: what a digest names is there before the digest.
    Original,
    /// S3 replicates there, in any order.
    Replica,
}

/// Where the trail is delivered, and what it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The buckets that are watched.
    pub log_buckets: Vec<String>,
    /// The account that owns them.
    pub bucket_owner: Option<AccountId>,
    /// The trails that deliver there; empty: any.
    pub trails: Vec<TrailArn>,
    /// Replicas: the original's name, and the bucket that stands for it.
    pub aliases: Vec<(String, String)>,
    /// Whether what is read is a copy of the objects' content alone, such as a directory: it
    /// keeps no metadata, and not the names of buckets.
    pub bare_copy: bool,
}

impl Places {
    /// Whether `bucket` is one of those watched.
    #[must_use]
    pub fn watches(&self, bucket: &str) -> bool {
        self.log_buckets.iter().any(|b| b == bucket)
    }

    /// The name that digests in `bucket` carry: a replica's digests name the original.
    #[must_use]
    pub fn original_of<'a>(&'a self, bucket: &'a str) -> &'a str {
        self.aliases
            .iter()
            .find(|(_, replica)| replica == bucket)
            .map_or(bucket, |(original, _)| original)
    }

    /// Whether what was delivered to `bucket` should be at hand: of a copy on disk, only what it
    /// is a copy of.
    #[must_use]
    pub fn holds(&self, bucket: &str) -> bool {
        !self.bare_copy || self.watches(bucket)
    }

    /// Whether `bucket` stands for another.
    #[must_use]
    pub fn is_replica(&self, bucket: &str) -> bool {
        self.role_of(bucket) == BucketRole::Replica
    }

    /// Whether CloudTrail delivers to `bucket`, or S3 replicates into it.
    #[must_use]
    pub fn role_of(&self, bucket: &str) -> BucketRole {
        if self.aliases.iter().any(|(_, replica)| replica == bucket) {
            BucketRole::Replica
        } else {
            BucketRole::Original
        }
    }

    /// The bucket to read what an object in `from` says is in `named`.
    ///
    /// A replica speaks of itself under the original's name, and of other originals that have a
    /// replica, too. What lies in an original is taken at its word. Copies of several buckets may
    /// lie in one folder.
    #[must_use]
    pub fn actual_of<'a>(&'a self, named: &'a str, from: &'a str) -> &'a str {
        if self.bare_copy && !self.watches(named) {
            return from;
        }
        if !self.is_replica(from) {
            return named;
        }
        if self.original_of(from) == named {
            return from;
        }
        self.aliases
            .iter()
            .find(|(original, _)| original == named)
            .map_or(named, |(_, replica)| replica)
    }

    /// `bucket` and then the other watched ones.
    pub fn buckets_from<'a>(&'a self, bucket: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::once(bucket).chain(
            self.log_buckets
                .iter()
                .map(String::as_str)
                .filter(move |other| *other != bucket),
        )
    }
}
