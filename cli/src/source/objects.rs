//! Objects in any of their places.

use super::directory::Directory;
use super::file::FileBody;
use super::lone::LoneFile;
use bytes::Bytes;
use trailseal::names::location::ObjectLocation;
use trailseal::world::{Body, Depth, Headers, ListObjects, Object, Page, ReadObject, StoreError};
use trailseal_aws::{S3Body, S3Objects};

/// Objects in S3, in a directory or in a file.
#[derive(Debug)]
pub(crate) enum Objects {
    /// In S3.
    S3(Box<S3Objects>),
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
}

impl Body for ObjectBody {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        match self {
            Self::S3(body) => body.next().await,
            Self::File(body) => body.next().await,
        }
    }
}

fn with<A, B>(object: Object<A>, wrap: impl FnOnce(A) -> B) -> Object<B> {
    Object {
        version_id: object.version_id,
        e_tag: object.e_tag,
        size: object.size,
        metadata: object.metadata,
        encryption: object.encryption,
        body: wrap(object.body),
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
                Ok(with(object, |body| ObjectBody::S3(Box::new(body))))
            }
            Self::Directory(directory) => {
                let object = directory.read(at).await?;
                Ok(with(object, ObjectBody::File))
            }
            Self::Lone(file) => Ok(with(file.read(at)?, ObjectBody::File)),
        }
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        match self {
            Self::S3(s3) => Box::pin(s3.headers(at)).await,
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
            Self::Directory(directory) => directory.list(bucket, prefix, depth, next).await,
            Self::Lone(file) => Err(file.only_this_file("list", format!("s3://{bucket}/{prefix}"))),
        }
    }
}
