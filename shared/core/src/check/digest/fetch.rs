//! A digest object as it is read: at most so large, and perhaps no digest at all.

use super::DigestVerifier;
use crate::format::digest::{self, DigestError, DigestMetadata, UnverifiedDigest};
use crate::format::form::Form;
use crate::gzip::stream::GunzipError;
use crate::names::location::ObjectLocation;
use crate::world::{Body as _, ListPublicKeys, ReadObject, StoreError};

/// A digest object as it was read: perhaps no digest at all.
#[derive(Debug)]
pub(in crate::check) struct FetchedDigest {
    pub(in crate::check) content: Result<UnverifiedDigest, DigestError>,
    pub(in crate::check) metadata: DigestMetadata,
    /// The form that the content was read in.
    pub(in crate::check) form: Form,
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    pub(in crate::check) async fn fetch(
        &self,
        at: &ObjectLocation,
    ) -> Result<FetchedDigest, StoreError> {
        let mut object = self.store.read(at).await?;
        let metadata = if self.places.bare_copy {
            self.given_metadata(&at.key)
        } else {
            DigestMetadata::from_user_metadata(&object.metadata)
        };
        // Held as it is, and inflated at once: many digests may be under way.
        let mut compressed = Vec::new();
        let mut too_large = false;
        while let Some(bytes) = object.body.next().await? {
            compressed.extend_from_slice(&bytes);
            too_large = u64::try_from(compressed.len()).is_ok_and(|n| n > digest::MAX_OBJECT_BYTES);
            if too_large {
                break;
            }
        }
        let form = Form::of(&compressed, self.places.bare_copy);
        let inflated = form.inflate(&compressed, digest::MAX_INFLATED_BYTES);
        let content = if too_large {
            // What is no gzip stream, or ends before, says more of what it is.
            match inflated {
                Err(error) if form == Form::Gzip && error != GunzipError::Truncated => {
                    Err(error.into())
                }
                _ => Err(DigestError::ObjectTooLarge),
            }
        } else {
            inflated
                .map_err(DigestError::from)
                .and_then(|inflated| UnverifiedDigest::parse(&inflated))
        };
        Ok(FetchedDigest {
            content,
            metadata,
            form,
        })
    }

    fn given_metadata(&self, key: &str) -> DigestMetadata {
        self.given
            .of(key)
            .map_or_else(DigestMetadata::default, DigestMetadata::signed)
    }
}
