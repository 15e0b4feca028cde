"""Archives that depend on nothing but their content: fixed times, owners, modes and order."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

# The earliest time that a ZIP archive can hold. The same executable gives the same archive in every
# release, so that a stack is not updated for nothing.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)

EXECUTABLE = 0o755
PLAIN = 0o644


def zip_function(archive: Path, executable: Path) -> None:
    """Writes the deployment package of a function: its executable, as `bootstrap`.
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html"""
    entry = zipfile.ZipInfo("bootstrap", ZIP_TIME)
    entry.create_system = 3  # Unix: the upper half of the attributes is the mode
    entry.external_attr = (0o100000 | EXECUTABLE) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(entry, executable.read_bytes(), compresslevel=9)


def tar(archive: Path, folder: str, files: dict[str, tuple[bytes, int]], time: int) -> None:
    """Writes a .tar.gz whose entries are below `folder`: files are (content, mode) by path."""
    with (
        open(archive, "wb") as out,
        # Without a name and a time in its header.
        gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as entries,
    ):
        for path in sorted(files):
            content, mode = files[path]
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size, entry.mode, entry.mtime = len(content), mode, time
            entries.addfile(entry, io.BytesIO(content))
