//! The destination of a report.

use crate::exit::Stop;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Standard output, or a new file that replaces the named one when it is complete.
pub(crate) struct Target {
    out: Out,
    name: String,
}

enum Out {
    Direct(BufWriter<Box<dyn Write + Send>>),
    File(BufWriter<NamedTempFile>, PathBuf),
}

impl Target {
    /// Opens a file at `path`, or standard output if there is no path or it is `-`.
    ///
    /// # Errors
    /// [`Stop`], if the file cannot be created.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Stop> {
        let path = file(path);
        let name = name(path);
        let out = match path {
            None => Out::Direct(BufWriter::new(Box::new(io::stdout()))),
            // A pipe or a device is written directly.
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

    /// Returns the target's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Finishes the target: a file is moved to its place.
    ///
    /// # Errors
    /// Any error on writing.
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

/// Writes a text. Returns the name of the target.
///
/// # Errors
/// [`Stop`], if the text cannot be written.
pub(crate) fn write(path: Option<&Path>, text: &str) -> Result<String, Stop> {
    let mut out = Target::open(path)?;
    let name = out.name().to_owned();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.finish());
    written.map_err(|error| failed(&name, &error))?;
    Ok(name)
}

/// Returns the file to write, or none for `-`, which means standard output, as in other tools.
pub(crate) fn file(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| *path != Path::new("-"))
}

/// Returns the name of a target.
pub(crate) fn name(path: Option<&Path>) -> String {
    path.map_or_else(
        || "standard output".to_owned(),
        |file| file.display().to_string(),
    )
}

/// Returns the error that a target could not be written to.
pub(crate) fn failed(name: &str, error: &dyn Display) -> Stop {
    Stop::cannot_tell(format_args!("cannot write to {name}: {error}"))
}

/// Returns the error that a file cannot be written.
pub(crate) fn refused(path: &Path, error: &io::Error) -> Stop {
    Stop::usage(format_args!("cannot write {}: {error}", path.display()))
}

/// Puts a complete file in the place of the named one.
fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    // Gives it the permissions of any new file. A temporary file is only for its owner.
    let reference = File::options().append(true).create(true).open(path)?;
    file.as_file()
        .set_permissions(reference.metadata()?.permissions())?;
    file.persist(path)?;
    Ok(())
}
