#!/usr/bin/env python3
"""Unpacks the deployment package of a function as Lambda does: with the modes that it contains."""

import argparse
import zipfile
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path, help="the ZIP archive")
    parser.add_argument("folder", type=Path, help="where its files are written")
    args = parser.parse_args()
    with zipfile.ZipFile(args.archive) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, args.folder))
            path.chmod(entry.external_attr >> 16 & 0o777)


if __name__ == "__main__":
    main()
