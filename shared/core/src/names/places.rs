//! The places to which a trail is delivered: its buckets, their replicas, and its names.

use crate::names::ids::{AccountId, TrailArn};

/// The role of a bucket: CloudTrail delivers to it, or S3 replicates into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketRole {
    /// CloudTrail delivers to it: an object that a digest names exists there before the digest.
    Original,
    /// S3 replicates into it, in any order.
    Replica,
}

/// The storage that objects are read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Storage {
    /// An S3 bucket, with the metadata of the objects.
    #[default]
    Bucket,
    /// A copy of only the objects' content, such as a directory. It keeps neither metadata nor the
    /// names of buckets.
    BareCopy,
}

/// The places to which the trail is delivered, and its names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The watched buckets.
    pub log_buckets: Vec<String>,
    /// The account that owns them.
    pub bucket_owner: Option<AccountId>,
    /// The trails that deliver to them; empty: any trail.
    pub trails: Vec<TrailArn>,
    /// The replicas: the original's name, and the bucket that replaces it.
    pub aliases: Vec<(String, String)>,
    /// The storage that the objects are read from.
    pub storage: Storage,
}

impl Places {
    /// Returns whether `bucket` is a watched bucket.
    #[must_use]
    pub fn watches(&self, bucket: &str) -> bool {
        self.log_buckets.iter().any(|b| b == bucket)
    }

    /// Returns whether the objects are read from a copy of only their content.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        self.storage == Storage::BareCopy
    }

    /// Returns the name that digests in `bucket` contain: a replica's digests name the original.
    #[must_use]
    pub fn original_of<'a>(&'a self, bucket: &'a str) -> &'a str {
        self.aliases
            .iter()
            .find(|(_, replica)| replica == bucket)
            .map_or(bucket, |(original, _)| original)
    }

    /// Returns whether objects that were delivered to `bucket` should be available. A copy on disk
    /// holds only the objects of the buckets it was copied from.
    #[must_use]
    pub fn holds(&self, bucket: &str) -> bool {
        !self.is_copy() || self.watches(bucket)
    }

    /// Returns whether `bucket` is a replica of another.
    #[must_use]
    pub fn is_replica(&self, bucket: &str) -> bool {
        self.role_of(bucket) == BucketRole::Replica
    }

    /// Returns whether CloudTrail delivers to `bucket`, or S3 replicates into it.
    #[must_use]
    pub fn role_of(&self, bucket: &str) -> BucketRole {
        if self.aliases.iter().any(|(_, replica)| replica == bucket) {
            BucketRole::Replica
        } else {
            BucketRole::Original
        }
    }

    /// Returns the bucket that holds the objects which an object in `from` states are in `named`.
    ///
    /// A replica refers to itself under the original's name, and to other originals that have a
    /// replica, too. The statements of an object in an original are taken literally. Copies of
    /// several buckets may be in one folder.
    #[must_use]
    pub fn actual_of<'a>(&'a self, named: &'a str, from: &'a str) -> &'a str {
        if self.is_copy() && !self.watches(named) {
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

    /// Returns `bucket` and then the other watched buckets.
    pub fn buckets_from<'a>(&'a self, bucket: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::once(bucket).chain(
            self.log_buckets
                .iter()
                .map(String::as_str)
                .filter(move |other| *other != bucket),
        )
    }
}
