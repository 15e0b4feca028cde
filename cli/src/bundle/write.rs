//! The end of a collection: the reports, and then the manifest.

use super::archive::BundleError;
use super::manifest::{Manifest, StoredFile};
use super::recorder::Recorder;
use super::{MANIFEST, MAX_MANIFEST_BYTES, REPORTS, SCHEMA};
use crate::args::SelectionArgs;
use crate::keys::saved_key;
use crate::output;
use crate::report::Verification;
use jiff::Timestamp;
use std::io::Write as _;
use tempfile::NamedTempFile;
use trailseal::names::sha256::Sha256;

/// What a collection stored.
#[derive(Debug)]
pub(crate) struct CollectionSummary {
    /// The number of objects.
    pub(crate) objects: usize,
    /// The number of public keys.
    pub(crate) keys: usize,
    /// The SHA-256 of the manifest.
    pub(crate) sha256: Sha256,
}

impl Recorder {
    /// Writes the reports and, last, the manifest. The bundle is then complete.
    ///
    /// # Errors
    /// [`BundleError`], if a file cannot be written.
    pub(crate) fn finish(
        &self,
        verification: &Verification,
        source: &str,
        selection: &SelectionArgs,
        now: Timestamp,
    ) -> Result<CollectionSummary, BundleError> {
        let [json, html] = REPORTS;
        let mut report = Vec::new();
        output::json::write(verification, &mut report)
            .map_err(|error| Self::unwritten(&self.folder.join(json), &error))?;
        let page = output::html::page(verification);
        let reports = vec![self.put(json, &report)?, self.put(html, page.as_bytes())?];
        let keys = self.keys.all();
        let manifest = Manifest {
            schema: SCHEMA.to_owned(),
            version: verification.version.to_owned(),
            command: verification.command.clone(),
            source: source.to_owned(),
            selection: selection.clone(),
            collected_at: now,
            finished_at: verification.finished_at,
            interrupted: verification.interrupted,
            reports,
            public_key_list: keys
                .iter()
                .map(|(region, key)| saved_key(key, region))
                .collect(),
            key_requests: self.key_requests.recorded(),
            objects: self.objects.recorded(),
            headers: self.headers.recorded(),
            listings: self.listings.recorded(),
        };
        let path = self.folder.join(MANIFEST);
        let mut text =
            serde_json::to_vec_pretty(&manifest).map_err(|error| Self::unwritten(&path, &error))?;
        text.push(b'\n');
        if u64::try_from(text.len()).map_or(true, |bytes| bytes > MAX_MANIFEST_BYTES) {
            return Err(Self::unwritten(
                &path,
                &format_args!(
                    "it would have more than {MAX_MANIFEST_BYTES} bytes: collect a part at a time, with --start-time, --end-time, --account or --region"
                ),
            ));
        }
        let written = self.put(MANIFEST, &text)?;
        debug_assert_eq!(written.sha256, Sha256::of(&text).to_string());
        Ok(CollectionSummary {
            objects: manifest.objects.len(),
            keys: keys.len(),
            sha256: Sha256::of(&text),
        })
    }

    /// Writes a file completely, or not at all.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<StoredFile, BundleError> {
        let path = self.folder.join(name);
        let write = || {
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist_noclobber(&path).map_err(|error| error.error)
        };
        write().map_err(|error| Self::unwritten(&path, &error))?;
        Ok(StoredFile {
            file: name.to_owned(),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: Sha256::of(bytes).to_string(),
        })
    }
}
