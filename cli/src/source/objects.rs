//! Objects in any of their places.

use super::directory::Directory;
use super::file::FileBody;
use super::lone::LoneFile;
use crate::bundle::{Archive, Recording, StoredBody};
use bytes::Bytes;
use std::sync::Arc;
use trailseal::names::location::ObjectLocation;
use trailseal::world::{Body, Depth, Headers, ListObjects, Object, Page, ReadObject, StoreError};
use trailseal_aws::{S3Body, S3Objects};

/// Objects in S3, in a directory, in a file or in a bundle.
#[derive(Debug)]
pub(crate) enum Objects {
    /// In S3.
    S3(Box<S3Objects>),
    /// In S3, and each answer is recorded.
    Recorded(Box<Recording<S3Objects>>),
    /// In a bundle.
    Bundle(Arc<Archive>),
    /// In a directory.
    Directory(Directory),
    /// One file, and nothing else.
    Lone(LoneFile),
}

/// The content of an object.
#[derive(Debug)]
pub(crate) enum ObjectBody {
    /// From S3.
    S3(Box<S3Body>),
    /// From a file.
    File(FileBody),
    /// From a file of a bundle.
    Stored(StoredBody),
}

impl Body for ObjectBody {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        match self {
            Self::S3(body) => body.next().await,
            Self::File(body) => body.next().await,
            Self::Stored(body) => body.next().await,
        }
    }
}

impl ReadObject for Objects {
    type Body = ObjectBody;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<ObjectBody>, StoreError> {
        match self {
            Self::S3(s3) => {
                // Its state is large: it is kept only where it is needed, not in every future that
                // awaits it.
                let object = Box::pin(s3.read(at)).await?;
                Ok(object.map_body(|body| ObjectBody::S3(Box::new(body))))
            }
            Self::Recorded(s3) => {
                let object = Box::pin(s3.read(at)).await?;
                Ok(object.map_body(ObjectBody::Stored))
            }
            Self::Bundle(bundle) => {
                let object = bundle.read(at).await?;
                Ok(object.map_body(ObjectBody::Stored))
            }
            Self::Directory(directory) => {
                let object = directory.read(at).await?;
                Ok(object.map_body(ObjectBody::File))
            }
            Self::Lone(file) => Ok(file.read(at)?.map_body(ObjectBody::File)),
        }
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        match self {
            Self::S3(s3) => Box::pin(s3.headers(at)).await,
            Self::Recorded(s3) => Box::pin(s3.headers(at)).await,
            Self::Bundle(bundle) => bundle.headers(at).await,
            Self::Directory(directory) => directory.headers(at).await,
            Self::Lone(file) => Err(file.only_this_file("read the headers of", at.to_string())),
        }
    }
}

impl ListObjects for Objects {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        match self {
            Self::S3(s3) => Box::pin(s3.list(bucket, prefix, depth, next)).await,
            Self::Recorded(s3) => Box::pin(s3.list(bucket, prefix, depth, next)).await,
            Self::Bundle(bundle) => bundle.list(bucket, prefix, depth, next).await,
            Self::Directory(directory) => directory.list(bucket, prefix, depth, next).await,
            Self::Lone(file) => Err(file.only_this_file("list", format!("s3://{bucket}/{prefix}"))),
        }
    }
}
