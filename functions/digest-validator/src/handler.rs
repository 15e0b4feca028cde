//! The validation of one new digest.

use trailseal::check::arrival::Arrival;
use trailseal::check::digest::DigestVerifier;
use trailseal::names::event_object::EventObject;
use trailseal::world::{ListObjects, ListPublicKeys, ReadObject};
use trailseal_lambda::{Check, Checked, Deadline, Record};

/// Validates digests: their location, signature, predecessor, and owner.
pub(crate) struct DigestValidator<S, K> {
    digests: DigestVerifier<S, K>,
}

impl<S, K> DigestValidator<S, K> {
    pub(crate) fn new(digests: DigestVerifier<S, K>) -> Self {
        Self { digests }
    }
}

impl<S, K> Check for DigestValidator<S, K>
where
    S: ReadObject + ListObjects + 'static,
    K: ListPublicKeys + 'static,
{
    const FUNCTION: &'static str = "digest-validator";
    const RECORD: Record = Record::Chains;

    async fn arrival(&self, created: &EventObject) -> Arrival {
        self.digests.arrival(created).await
    }

    async fn check(&self, created: &EventObject, _: Deadline) -> Checked {
        let mut validated = self.digests.validate_delivered(&created.object).await;
        let all_clears = self.digests.digests_right_again(created, &validated);
        validated.report.all_clears.extend(all_clears);
        Checked {
            digest: validated.seen,
            ..validated.report.into()
        }
    }
}
