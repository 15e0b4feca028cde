//! Where a report is written.

use crate::exit::Stop;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Standard output, or a file that takes the place of the one that is named when it is whole.
pub(crate) struct Target {
    out: Out,
    name: String,
}

enum Out {
    Direct(BufWriter<Box<dyn Write + Send>>),
    File(BufWriter<NamedTempFile>, PathBuf),
}

impl Target {
    /// A file at `path`, else, and where it is `-`, standard output.
    ///
    /// # Errors
    /// [`Stop`] when there can be no such file.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Stop> {
        let path = file(path);
        let name = name(path);
        let out = match path {
            None => Out::Direct(BufWriter::new(Box::new(io::stdout()))),
            // A pipe or a device is written to as it is.
            Some(path) if path.exists() && !path.is_file() => {
                let file = File::create(path).map_err(|error| refused(path, &error))?;
                Out::Direct(BufWriter::new(Box::new(file)))
            }
            Some(path) => {
                let folder = match path.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent,
                    _ => Path::new("."),
                };
                let file = NamedTempFile::new_in(folder).map_err(|error| refused(path, &error))?;
                Out::File(BufWriter::new(file), path.to_owned())
            }
        };
        Ok(Self { out, name })
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Ends it: a file is put in its place.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.out {
            Out::Direct(mut out) => out.flush(),
            Out::File(out, path) => {
                let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                put(file, &path)
            }
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Direct(out) => out.write(bytes),
            Out::File(out, _) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Direct(out) => out.flush(),
            Out::File(out, _) => out.flush(),
        }
    }
}

/// The file that is meant: `-` is standard output, as for other tools.
pub(crate) fn file(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| *path != Path::new("-"))
}

/// What a target is called.
pub(crate) fn name(path: Option<&Path>) -> String {
    path.map_or_else(
        || "standard output".to_owned(),
        |file| file.display().to_string(),
    )
}

/// Says that a target could not be written to.
pub(crate) fn failed(name: &str, error: &dyn Display) -> Stop {
    Stop::cannot_tell(format_args!("cannot write to {name}: {error}"))
}

/// Says that a file cannot be written.
pub(crate) fn refused(path: &Path, error: &io::Error) -> Stop {
    Stop::usage(format_args!("cannot write {}: {error}", path.display()))
}

/// Puts a file that is whole in the place of the one that was named.
fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    // As any new file; a temporary one is its owner's alone.
    let reference = File::options().append(true).create(true).open(path)?;
    file.as_file()
        .set_permissions(reference.metadata()?.permissions())?;
    file.persist(path)?;
    Ok(())
}
