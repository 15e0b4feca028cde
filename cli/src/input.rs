//! Small files that the command line names.

use crate::exit::Stop;
use std::fmt::Display;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// [`Stop`]: it cannot be read, or is larger.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Stop> {
    let refused = |error: &dyn Display| Stop::usage(format_args!("{}: {error}", path.display()));
    let file = File::open(path).map_err(|error| refused(&error))?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| refused(&error))?;
    if bytes.len() > most {
        return Err(refused(&format_args!("it has more than {most} bytes")));
    }
    Ok(bytes)
}
