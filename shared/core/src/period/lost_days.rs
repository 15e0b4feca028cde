//! Lost documents with the receipts of a day, and the digests that they may have been about.

use super::digest_record::{DigestRecord, in_hour_until};
use super::lost_receipts::{LostReceipt, LostReceipts};
use super::receipt_key::{hours_of_day, start_of_day};
use super::report::ChainId;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The time that a digest covers.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The maximum number of days of trails. Each day makes up to 25 hours known that nothing else names.
pub(super) const MAX_DAYS: usize = 40_000;

/// The lost documents with receipts of a trail's digests that end on a day, by the trail and the start
/// of the day.
#[derive(Debug, Default)]
pub(super) struct LostDays {
    days: BTreeMap<(ChainId, Timestamp), LostReceipts>,
    /// The number of documents whose days are left out.
    left_out: usize,
}

impl LostDays {
    /// Adds a document.
    pub(super) fn add(&mut self, trail: ChainId, day: Timestamp, lost: LostReceipt) {
        let of_day = (trail, day);
        if self.days.len() < MAX_DAYS || self.days.contains_key(&of_day) {
            self.days.entry(of_day).or_default().add(lost);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// Returns the number of documents that are left out, because there are too many days.
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// Adds the lost documents to the digests of their days, also to those that nothing else names:
    /// nobody knows what the documents said about them. `is_in_time` says whether a digest that ends
    /// then is one of the period.
    pub(super) fn mark(
        self,
        records: &mut Vec<DigestRecord>,
        is_in_time: impl Fn(Timestamp) -> bool,
    ) {
        if self.days.is_empty() {
            return;
        }
        let mut of_days = by_days(records);
        for ((trail, day), lost) in self.days {
            let mut hours: Vec<Timestamp> = hours_of_day(day).collect();
            hours.retain(|end| is_in_time(*end));
            let of_day = of_days.remove(&(trail.clone(), day)).unwrap_or_default();
            for index in of_day {
                let Some(record) = records.get_mut(index) else {
                    continue;
                };
                hours.retain(|end| !in_hour_until(*end, record.end));
                if start_of_day(record.end) == Some(day) {
                    record.lost.add_all(&lost);
                }
            }
            records.extend(hours.into_iter().map(|end| DigestRecord {
                lost: lost.clone(),
                ..DigestRecord::new(end, trail.clone())
            }));
        }
    }
}

/// Returns the numbers of the records whose hours are on a day, by the trail and the start of the day.
fn by_days(records: &[DigestRecord]) -> BTreeMap<(ChainId, Timestamp), Vec<usize>> {
    let mut of_days: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (number, record) in records.iter().enumerate() {
        // A digest that ends at the start of a day covers the last hour of the day before.
        let times = [Some(record.end), record.end.checked_sub(HOUR).ok()];
        let days = times.into_iter().flatten().filter_map(start_of_day);
        for day in days {
            let of_day = of_days.entry((record.named.clone(), day)).or_default();
            if of_day.last() != Some(&number) {
                of_day.push(number);
            }
        }
    }
    of_days
}
