#!/usr/bin/env python3
"""Packs built executables into the files of a release. It compiles nothing.

The same executables and the same SOURCE_DATE_EPOCH give the same bytes. The files are in one flat
folder, as they are in a GitHub release: the template names the archives of the functions next to it."""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import archive
import crates
import executables
import packaged_template

ROOT = Path(__file__).parents[1]

# The crates of a release: the functions, the command, and the programs that the command runs.
SHIPPED = ["functions", "cli", "doctor"]

# The command, which prints its completions and its manual, and what it runs from its own folder.
COMMAND = "trailseal"
COMPANIONS = ["trailseal-doctor"]

COMPLETIONS = {"bash": "trailseal.bash", "zsh": "_trailseal", "fish": "trailseal.fish"}

CHECKSUMS = "SHA256SUMS"


def workspace() -> tuple[str, dict[str, str]]:
    """Returns the version, and what all crates of the workspace have in common."""
    package = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
    return package["version"], package


def pack_functions(out: Path, architecture: str, built: Path, audited: bool) -> None:
    """Packs the functions of one architecture, and their template. `built` has a folder for each
    executable, as `cargo lambda build` writes it: NAME/bootstrap."""
    source = (ROOT / "template.yaml").read_text()
    template = packaged_template.load(source)
    target = f"{executables.PROCESSORS[architecture]}-unknown-linux-gnu"
    for name in sorted(set(packaged_template.functions(template).values())):
        executable = built / name / "bootstrap"
        executables.check(executable, target, audited)
        archive.zip_function(out / packaged_template.archive_name(name, architecture), executable)
    version, package = workspace()
    text = packaged_template.packaged(source, architecture, version, package)
    (out / packaged_template.name(template, architecture)).write_text(text)


def printed(command: Path, *arguments: str) -> bytes:
    environment = {"HOME": "/nonexistent", "PATH": os.environ["PATH"]}
    return subprocess.run([command, *arguments], check=True, capture_output=True, env=environment).stdout


def documents_of(command: Path) -> dict[str, tuple[bytes, int]]:
    """Returns what the command prints about itself."""
    files = {
        f"completions/{file}": (printed(command, "completions", shell), archive.PLAIN)
        for shell, file in COMPLETIONS.items()
    }
    files["man/trailseal.1"] = (printed(command, "man"), archive.PLAIN)
    return files


def pack_commands(out: Path, built: dict[str, Path], notices: bytes, audited: bool, time: int) -> None:
    """Packs the command for each target. Completions and manual are those that this machine's one prints."""
    version, _ = workspace()
    runs_here = [target for target in built if target.split("-")[0] == platform.machine()]
    if not runs_here:
        sys.exit(f"no command for this machine ({platform.machine()}) that could print its manual")
    documents = documents_of(built[runs_here[0]] / COMMAND)
    for name in ["LICENSE", "README.md"]:
        documents[name] = ((ROOT / name).read_bytes(), archive.PLAIN)
    documents["THIRD-PARTY-LICENSES.txt"] = (notices, archive.PLAIN)
    for target, folder in built.items():
        files = dict(documents)
        for name in [COMMAND, *(one for one in COMPANIONS if has_binary(one))]:
            executables.check(folder / name, target, audited)
            files[name] = ((folder / name).read_bytes(), archive.EXECUTABLE)
        title = f"trailseal-{version}-{target}"
        archive.tar(out / f"{title}.tar.gz", title, files, time)


def has_binary(name: str) -> bool:
    """Returns whether a shipped crate of the workspace builds an executable of this name."""
    for folder in SHIPPED:
        for manifest in [ROOT / folder / "Cargo.toml", *(ROOT / folder).glob("*/Cargo.toml")]:
            if manifest.is_file():
                crate = tomllib.loads(manifest.read_text())
                names = {one["name"] for one in crate.get("bin", [])} or {crate["package"]["name"]}
                if name in names:
                    return True
    return False


def pack_terraform(out: Path, time: int) -> None:
    version, _ = workspace()
    folder = ROOT / "terraform"
    files = {path.name: (path.read_bytes(), archive.PLAIN) for path in folder.iterdir() if path.is_file()}
    title = f"trailseal-{version}-terraform"
    archive.tar(out / f"{title}.tar.gz", title, files, time)


def write_checksums(out: Path) -> None:
    """Writes the checksums in the format of sha256sum."""
    files = sorted(path for path in out.iterdir() if path.name != CHECKSUMS)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (out / CHECKSUMS).write_text("".join(lines))


def pairs(values: list[str]) -> dict[str, Path]:
    return {name: Path(folder) for name, _, folder in (value.partition("=") for value in values)}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write, which must be empty or missing")
    parser.add_argument(
        "--functions",
        action="append",
        default=[],
        metavar="ARCHITECTURE=FOLDER",
        help="built functions of one architecture: FOLDER/NAME/bootstrap",
    )
    parser.add_argument(
        "--command", action="append", default=[], metavar="TARGET=FOLDER", help="built command for one target"
    )
    parser.add_argument(
        "--metadata",
        action="append",
        default=[],
        type=Path,
        required=True,
        metavar="FILE",
        help="output of `cargo metadata` for one platform",
    )
    parser.add_argument(
        "--audited", action="store_true", help="refuse executables that were not built with `cargo auditable`"
    )
    return parser.parse_args()


def pack(args: argparse.Namespace, time: int) -> None:
    version, package = workspace()
    metadata: list[dict[str, Any]] = [json.loads(file.read_text()) for file in args.metadata]
    built_from = crates.read(metadata, SHIPPED)
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    sbom = crates.bill_of_materials(built_from, lock, version, package, time)
    notices = crates.notices(built_from)
    (args.out / f"trailseal-{version}.cdx.json").write_text(sbom)
    (args.out / "THIRD-PARTY-LICENSES.txt").write_text(notices)
    for architecture, folder in pairs(args.functions).items():
        pack_functions(args.out, architecture, folder, args.audited)
    pack_commands(args.out, pairs(args.command), notices.encode(), args.audited, time)
    pack_terraform(args.out, time)
    for name in ["LICENSE", "README.md"]:
        (args.out / name).write_bytes((ROOT / name).read_bytes())
    write_checksums(args.out)


def main() -> None:
    args = parse()
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        sys.exit("set SOURCE_DATE_EPOCH: the time of the commit that is released")
    args.out.mkdir(parents=True, exist_ok=True)
    if any(args.out.iterdir()):
        sys.exit(f"{args.out} is not empty")
    try:
        pack(args, int(epoch))
    except executables.WrongExecutable as wrong:
        sys.exit(str(wrong))


if __name__ == "__main__":
    main()
