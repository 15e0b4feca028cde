//! A digest object as it is read: of limited size, and perhaps not a digest.

use super::DigestVerifier;
use super::seen::SeenDigest;
use crate::format::digest::{self, DigestError, DigestMetadata, UnverifiedDigest};
use crate::format::form::Form;
use crate::gzip::stream::GunzipError;
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::world::{Body as _, ListPublicKeys, ReadObject, StoreError};

/// A digest object as it was read. It may not be a digest.
#[derive(Debug, Clone)]
pub(in crate::check) struct FetchedDigest {
    pub(in crate::check) content: Result<UnverifiedDigest, DigestError>,
    pub(in crate::check) metadata: DigestMetadata,
    /// The form that the content was read in.
    pub(in crate::check) form: Form,
    /// The version of the object, and the hash of its content. [`FetchedDigest::seen`] adds the
    /// rest.
    pub(in crate::check) object: SeenDigest,
}

impl FetchedDigest {
    /// Returns the facts about the object. Nothing of it is judged.
    pub(in crate::check) fn seen(&self) -> SeenDigest {
        let content = self.content.as_ref().ok();
        self.object.clone().with(content, &self.metadata)
    }
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    pub(in crate::check) async fn fetch(
        &self,
        at: &ObjectLocation,
    ) -> Result<FetchedDigest, StoreError> {
        let mut object = self.store.read(at).await?;
        let metadata = if self.places.is_copy() {
            self.given_metadata(&at.key)
        } else {
            DigestMetadata::from_user_metadata(&object.metadata)
        };
        // The object is held as it is, and inflated in one step, because many digests may be in
        // progress.
        let mut compressed = Vec::new();
        let limit = usize::try_from(digest::MAX_OBJECT_BYTES).unwrap_or(usize::MAX);
        let is_whole = object.body.collect(&mut compressed, limit).await?;
        let form = Form::of(&compressed, self.places.storage);
        let inflated = form.inflate(&compressed, digest::MAX_INFLATED_BYTES);
        let mut seen = SeenDigest {
            version_id: object.version_id,
            e_tag: object.e_tag,
            ..SeenDigest::default()
        };
        let content = if is_whole {
            inflated.map_err(DigestError::from).and_then(|inflated| {
                let parsed = UnverifiedDigest::parse(&inflated);
                if parsed.is_err() {
                    seen.sha256 = Some(Sha256::of(&inflated));
                }
                parsed
            })
        } else {
            // If it is not a gzip stream, or ends early, that says more about what it is.
            match inflated {
                Err(error) if form == Form::Gzip && error != GunzipError::Truncated => {
                    Err(error.into())
                }
                _ => Err(DigestError::ObjectTooLarge),
            }
        };
        Ok(FetchedDigest {
            content,
            metadata,
            form,
            object: seen,
        })
    }

    /// Reads the object at a digest's key. Returns the hash of its content, or `None` if it is not one
    /// gzip member of acceptable size. Nothing of it is verified.
    ///
    /// # Errors
    /// [`StoreError`]: it could not be read, or does not exist.
    pub async fn content_hash(&self, at: &ObjectLocation) -> Result<Option<Sha256>, StoreError> {
        Ok(self.fetch(at).await?.seen().sha256)
    }

    fn given_metadata(&self, key: &str) -> DigestMetadata {
        self.given
            .of(key)
            .map_or_else(DigestMetadata::default, DigestMetadata::signed)
    }
}
