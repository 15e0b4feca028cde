//! Holes in a chain: a digest that is gone, and a chain that starts where one existed.

use super::DigestVerifier;
use super::last_signed::{LastSigned, MAX_CANDIDATES};
use super::signed_digest::SignedDigest;
use crate::finding::{Finding, FindingKind, Obstacle, Report};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::names::window::Window;
use crate::trust::chain;
use crate::world::{Absence, Cause, ListObjects, ListPublicKeys, ReadObject, StoreError};
use jiff::Timestamp;

/// A predecessor that is gone.
pub(super) struct MissingPredecessor<'a> {
    pub(super) at: &'a ObjectLocation,
    pub(super) key: &'a DigestKey,
    pub(super) absence: Absence,
    /// The ends of digests of its chain that are there, oldest first, as far as that is known.
    pub(super) known: &'a [Timestamp],
}

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// The predecessor is gone: how far back does the hole reach?
    pub(super) async fn report_missing_predecessor(
        &self,
        missing: &MissingPredecessor<'_>,
        successor: SignedDigest<'_>,
        report: &mut Report,
    ) {
        let MissingPredecessor {
            at: predecessor_at,
            key: predecessor_key,
            absence,
            known,
        } = *missing;
        let to = successor.content().start_time;
        let last = self
            .last_signed(&predecessor_at.bucket, predecessor_key, known, report)
            .await;
        let window = Window {
            from: match &last {
                LastSigned::Found(_, end) => Some(*end),
                LastSigned::NoneThere | LastSigned::NotFound | LastSigned::TooMany => None,
            },
            to,
        };
        let message = match (window.from, chain::hourly_digests(window)) {
            (Some(from), Some(1)) => {
                format!("The digest is gone: between {from} and {to} no log file is proven.")
            }
            (Some(from), Some(count)) => format!(
                "{count} hourly digests in a row are gone, this the newest of them: between {from} and {to} no log file is proven."
            ),
            _ if last == LastSigned::NoneThere => format!(
                "The digest is gone, and with it every earlier one of its chain: up to {to} no log file is proven."
            ),
            _ => format!(
                "The digest is gone, and how many before it could not be found out: up to {to} no log file is proven."
            ),
        };
        // A bucket does not expire, and what is in it does not come back with it.
        let may_have_expired = last == LastSigned::NoneThere && absence != Absence::NoBucket;
        let last = match last {
            LastSigned::Found(last, _) => format!("the last digest before it is {last}"),
            LastSigned::NoneThere => "no earlier digest is there".to_owned(),
            LastSigned::NotFound => "no earlier digest that CloudTrail signed was found".to_owned(),
            LastSigned::TooMany => format!(
                "none of the {MAX_CANDIDATES} last ones that are there proved to be CloudTrail's, and there are more"
            ),
        };
        let mut finding = Finding::new(
            FindingKind::DigestMissing,
            self.scope(predecessor_key),
            predecessor_at.clone(),
            message,
        )
        .with_digest(successor.reference())
        .with_window(window)
        .with_evidence(
            "the digest that its successor names",
            format!("{absence}; {last}"),
        );
        finding.begin_of_what_is_kept = may_have_expired.then_some(predecessor_key.end_time);
        let bucket = self.places.role_of(&predecessor_at.bucket);
        report.absent(finding, absence, bucket);
    }

    /// A starting digest begins a chain. Where one existed, logging was off in between. Whether none
    /// did.
    pub(super) async fn check_start(
        &self,
        signed: SignedDigest<'_>,
        known: &[Timestamp],
        report: &mut Report,
    ) -> bool {
        let SignedDigest { at, key, .. } = signed;
        let before = report.obstacles.len();
        let last = self.last_signed(&at.bucket, key, known, report).await;
        let obstructed = report.obstacles.len() > before;
        let (window, continues) = match last {
            LastSigned::NoneThere => return true,
            LastSigned::NotFound | LastSigned::TooMany => (
                Window {
                    from: None,
                    to: signed.content().start_time,
                },
                format!(
                    "the chain before it, none of whose {}last digests proved to be CloudTrail's",
                    if last == LastSigned::TooMany {
                        format!("{MAX_CANDIDATES} ")
                    } else {
                        String::new()
                    }
                ),
            ),
            LastSigned::Found(last, end) => (
                chain::restart_window(end, signed.content()),
                last.to_string(),
            ),
        };
        let from = window
            .from
            .map_or_else(|| "an unknown time".to_owned(), |from| from.to_string());
        let finding = Finding::new(
            FindingKind::ChainRestarted,
            self.scope(key),
            at.clone(),
            format!(
                "The digest starts a new chain although one existed: between {from} and {} CloudTrail delivered no log files that a digest covers.",
                window.to
            ),
        )
        .with_digest(signed.reference())
        .with_window(window)
        .with_evidence(
            format!("a digest that continues {continues}"),
            "a starting digest, which names no predecessor",
        );
        if window.from.is_none() && obstructed {
            // What could not be read may yet tell. An object that never can be, an archived one,
            // say, that somebody put there, must not hide the restart.
            report.obstacles.push(Obstacle {
                error: StoreError {
                    action: "find the last digest before",
                    subject: at.to_string(),
                    cause: Cause::Failed("not every earlier digest can be read".to_owned()),
                },
                if_it_stays: Some(finding),
            });
        } else {
            report.findings.push(finding);
        }
        false
    }
}
