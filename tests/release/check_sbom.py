#!/usr/bin/env python3
"""Checks the SBOM of a release against CycloneDX's schema and against Cargo.lock.

check_sbom.py SBOM"""

import json
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[2]

# Crates that only tests use, and crates that every executable contains.
FOREIGN = {"proptest", "trailseal-tests", "trailseal-bench", "libfuzzer-sys"}
CONTAINED = {"aws-lc-rs", "sha2", "tokio", "rustls", "aws-sdk-s3", "flate2"}


def main() -> None:
    text = Path(sys.argv[1]).read_text()
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert wrong is None, wrong
    sbom = json.loads(text)
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in lock}
    components = {component["name"]: component for component in sbom["components"]}
    assert not components.keys() & FOREIGN, components.keys() & FOREIGN
    for component in sbom["components"]:
        known = checksums[component["name"], component["version"]]
        hashes = [one["content"] for one in component.get("hashes", [])]
        assert hashes == ([known] if known else []), component
        assert component["licenses"], component
        # A package URL encodes the plus sign of a version such as 1.10.0+trailseal.
        version = quote(component["version"], safe="")
        assert component["purl"] == f"pkg:cargo/{component['name']}@{version}", component
    for name in CONTAINED:
        assert components[name]["scope"] == "required", name
    # A macro runs when the release is built, and is not in it.
    assert components["serde_derive"]["scope"] == "excluded"
    shipped = {folder.name for folder in (ROOT / "functions").iterdir()} | {"trailseal-cli"}
    assert shipped <= components.keys(), shipped - components.keys()
    (release,) = [one for one in sbom["dependencies"] if one["ref"] == sbom["metadata"]["component"]["bom-ref"]]
    depends = {reference.split("/")[1].split("@")[0] for reference in release["dependsOn"]}
    assert shipped <= depends, depends


if __name__ == "__main__":
    main()
