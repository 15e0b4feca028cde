//! The answers of a bundle. A request that it does not hold has no answer: never "it does not
//! exist".

use super::archive::Archive;
use super::content::StoredBody;
use super::failure::RecordedAnswer;
use super::manifest::ListRequest;
use trailseal::names::ids::Region;
use trailseal::names::location::ObjectLocation;
use trailseal::trust::public_key::{PublicKey, SigningPeriod};
use trailseal::world::{
    Cause, Depth, Headers, ListObjects, ListPublicKeys, Object, Page, ReadObject, StoreError,
};

fn not_held(action: &'static str, subject: String) -> StoreError {
    StoreError {
        action,
        subject,
        cause: Cause::Failed(
            "it is not in the bundle; verify the source itself, or collect it again".to_owned(),
        ),
    }
}

impl ReadObject for Archive {
    type Body = StoredBody;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<StoredBody>, StoreError> {
        let answer = self.objects.get(at);
        let answer = answer.ok_or_else(|| not_held("read", at.to_string()))?;
        let stored = answer.replay("read", || at.to_string())?;
        self.note_checked(&stored.content.file);
        let file = stored
            .content
            .open_in(&self.folder)
            .map_err(|damage| StoreError {
                action: "read",
                subject: at.to_string(),
                cause: Cause::Failed(damage),
            })?;
        Ok(stored.with_content(file, at.to_string()))
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        let action = "read the headers of";
        let answer = self.headers.get(at);
        let answer = answer.ok_or_else(|| not_held(action, at.to_string()))?;
        let stored = answer.replay(action, || at.to_string())?;
        Ok(stored.clone().headers())
    }
}

impl ListObjects for Archive {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        let request = ListRequest::new(bucket, prefix, depth, next);
        let answer = self.listings.get(&request);
        let answer = answer.ok_or_else(|| not_held("list", request.subject()))?;
        let listed = answer.replay("list", || request.subject())?;
        Ok(listed.clone().page())
    }
}

impl ListPublicKeys for Archive {
    async fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> Result<Vec<PublicKey>, StoreError> {
        let action = "list CloudTrail's public keys in";
        let mut covered = period.from;
        let mut failure = None;
        // In the order of their start.
        for (request, answer) in &self.key_requests {
            if request.region != region.as_str() {
                continue;
            }
            match answer {
                RecordedAnswer::Found(()) if request.from <= covered => {
                    covered = covered.max(request.to);
                }
                RecordedAnswer::Found(()) => {}
                RecordedAnswer::Absent(_) | RecordedAnswer::Failed(_) => failure = Some(answer),
            }
        }
        if covered >= period.to {
            return Ok(self.keys.valid_in(region, period));
        }
        match failure {
            Some(failure) => {
                failure.replay(action, || region.to_string())?;
                Err(not_held(action, region.to_string()))
            }
            None => Err(not_held(action, region.to_string())),
        }
    }
}
