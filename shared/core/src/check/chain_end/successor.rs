//! The continuation of a chain in another folder or bucket.

use crate::bucket::discovery::{self, MARGIN};
use crate::bucket::wanted::Wanted;
use crate::check::digest::{ChainWalk, DigestVerifier, ReadDigest, SettledDigest};
use crate::format::digest::Predecessor;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{Chain, DigestKey, DigestSeries};
use crate::names::region_folder::RegionFolder;
use crate::trust::chain::predecessor_key;
use crate::trust::signature::AuthenticDigest;
use crate::world::{ListObjects, ListPublicKeys, ReadObject, StoreError};
use jiff::{SignedDuration, Timestamp};

/// The number of digest files of another folder that are tried to find the first that CloudTrail
/// signed. Anybody who can write to the bucket can plant any number.
const MAX_TRIED: usize = 8;

/// The maximum number of claims of other folders about this chain's digest files that are kept.
const MAX_CLAIMS: usize = 32;

/// The last digest file ends up to two hours after the stop: it covers the hour in progress, and
/// one more hour for late deliveries.
pub const AFTER_STOP: SignedDuration = SignedDuration::from_hours(2);

/// The largest difference between times that count as the same: digest files name whole seconds.
const SAME_SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Digest files of the same trail, account and Region in another folder or bucket.
#[derive(Debug, Clone)]
pub struct Sibling {
    /// Their folder.
    pub folder: RegionFolder,
    /// Their chain.
    pub chain: Chain,
}

/// The continuation of a chain in another folder or bucket.
#[derive(Debug, Clone)]
pub struct ChainSuccessor {
    /// The digest file that continues the chain.
    pub at: ObjectLocation,
    /// The time from which the trail continues there.
    pub from: Timestamp,
    /// Whether it names a digest file of the chain as its predecessor. Otherwise it is a starting
    /// digest file.
    pub is_linked: bool,
}

/// Returns the time from which a trail continues with a starting digest file, if its earlier chain
/// ends at `end`.
///
/// The range of a starting digest file is the hour before logging started, and it lists nothing.
/// Therefore it covers nothing of an hour in which the earlier chain ends, unless both meet at the
/// same second.
fn logging_since(start: Timestamp, starting_end: Timestamp, end: Timestamp) -> Timestamp {
    if start.duration_since(end).abs() <= SAME_SECOND {
        end
    } else if start > end {
        start
    } else {
        starting_end
    }
}

/// Returns the predecessors that the first digest files of other folders after `end` name. In a
/// copy on disk, only these hold the signature of a chain's last digest file.
pub async fn claims<S, K>(
    source: &DigestVerifier<S, K>,
    siblings: &[Sibling],
    end: Timestamp,
) -> Vec<Predecessor>
where
    S: ReadObject + ListObjects,
    K: ListPublicKeys,
{
    let mut claims = Vec::new();
    let until = end.saturating_add(MARGIN).unwrap_or(end);
    for sibling in siblings {
        let Ok(reads) = first_after(source, sibling, end, until).await else {
            continue;
        };
        let named = reads.iter().filter_map(|read| {
            let (content, _) = read.unverified()?;
            content.as_ref().ok()?.predecessor.clone()
        });
        claims.extend(named);
    }
    claims.truncate(MAX_CLAIMS);
    claims
}

/// Returns the digest file in another folder or bucket that continues where a chain ends. Returns
/// none if there is no such file, or if another trail was active at the same time as the chain.
///
/// # Errors
/// [`StoreError`], if the search is not possible.
pub async fn find_successor<S, K>(
    source: &DigestVerifier<S, K>,
    chain: &Chain,
    end: Timestamp,
    until: Timestamp,
    siblings: &[Sibling],
) -> Result<Option<ChainSuccessor>, StoreError>
where
    S: ReadObject + ListObjects,
    K: ListPublicKeys,
{
    let mut found: Option<ChainSuccessor> = None;
    // The last digest file of a trail may be later than its first one in another folder.
    let since = end.saturating_sub(AFTER_STOP).unwrap_or(end);
    for sibling in siblings {
        let Some(first) = Box::pin(first_signed_after(source, sibling, since, until)).await? else {
            continue;
        };
        let Some(digest) = first.authentic.as_deref().map(AuthenticDigest::digest) else {
            continue;
        };
        let (from, is_linked) = if let Some(named) = &digest.predecessor {
            let is_ours = predecessor_key(&first.key, named)
                .is_some_and(|key| key.chain == *chain && key.end_time >= end);
            if !is_ours {
                continue;
            }
            (first.start, true)
        } else {
            // A trail can be converted to an organization trail, but not back. Next to an
            // organization trail, an account has a trail of its own.
            let is_own =
                chain.folder.organization.is_some() && sibling.chain.folder.organization.is_none();
            if is_own || was_active(source, sibling, first.start).await? {
                continue;
            }
            let from = logging_since(first.start, first.key.end_time, end);
            (from, false)
        };
        let successor = ChainSuccessor {
            at: first.at.clone(),
            from,
            is_linked,
        };
        if found
            .as_ref()
            .is_none_or(|other| successor.from < other.from)
        {
            found = Some(successor);
        }
    }
    Ok(found)
}

/// Returns whether a chain has digest files in the day before `end`. If so, it did not start then.
async fn was_active<S, K>(
    source: &DigestVerifier<S, K>,
    sibling: &Sibling,
    end: Timestamp,
) -> Result<bool, StoreError>
where
    S: ReadObject + ListObjects,
    K: ListPublicKeys,
{
    let ends = ends(
        source,
        sibling,
        end.saturating_sub(MARGIN).unwrap_or(end),
        end,
    )
    .await?;
    Ok(!ends.is_empty())
}

/// Returns the ends of a chain's hourly digest files after `from`, and up to `to`, by their names.
async fn ends<S, K>(
    source: &DigestVerifier<S, K>,
    sibling: &Sibling,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Timestamp>, StoreError>
where
    S: ReadObject + ListObjects,
    K: ListPublicKeys,
{
    let wanted = Wanted {
        from: Some(from),
        to: Some(to),
        ..Wanted::default()
    };
    let found = discovery::digests(source.store(), &sibling.folder, &wanted).await?;
    let Some(known) = found.chains.get(&sibling.chain) else {
        return Ok(Vec::new());
    };
    let ends = known.hourly.iter().copied();
    Ok(ends.filter(|end| *end > from && *end <= to).collect())
}

/// Reads the first digest files of a chain that end after `end`, oldest first.
async fn first_after<S, K>(
    source: &DigestVerifier<S, K>,
    sibling: &Sibling,
    end: Timestamp,
    until: Timestamp,
) -> Result<Vec<ReadDigest>, StoreError>
where
    S: ReadObject + ListObjects,
    K: ListPublicKeys,
{
    let mut reads = Vec::new();
    for end in ends(source, sibling, end, until)
        .await?
        .into_iter()
        .take(MAX_TRIED)
    {
        let key = DigestKey::of(sibling.chain.clone(), DigestSeries::Hourly, end);
        let at = ObjectLocation::new(sibling.folder.bucket.clone(), key.to_string());
        reads.push(source.read_digest(at, key).await);
    }
    Ok(reads)
}

/// Returns the first digest file of a chain after `end` that CloudTrail signed.
async fn first_signed_after<S, K>(
    source: &DigestVerifier<S, K>,
    sibling: &Sibling,
    end: Timestamp,
    until: Timestamp,
) -> Result<Option<SettledDigest>, StoreError>
where
    S: ReadObject + ListObjects,
    K: ListPublicKeys,
{
    let mut reads = first_after(source, sibling, end, until).await?;
    let mut first = None;
    let mut walk = ChainWalk::default();
    // Each is verified with the digest file before it, so that no search is necessary.
    while let Some(read) = reads.pop() {
        let settled = source.settle(&mut walk, read, reads.last()).await;
        if settled.authentic.is_some() {
            first = Some(settled);
        }
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_starting_digest_covers_nothing_of_the_hour_in_which_the_previous_chain_ends() {
        let (start, stop) = (at("2026-10-01T03:40:00Z"), at("2026-10-01T04:40:00Z"));
        for (end, since) in [
            ("2026-10-01T03:40:00Z", "2026-10-01T03:40:00Z"),
            ("2026-10-01T02:17:31Z", "2026-10-01T03:40:00Z"),
            ("2026-10-01T04:17:31Z", "2026-10-01T04:40:00Z"),
            ("2026-10-01T05:17:31Z", "2026-10-01T04:40:00Z"),
        ] {
            assert_eq!(logging_since(start, stop, at(end)), at(since), "{end}");
        }
    }
}
