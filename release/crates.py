"""The crates that a release is built from: as a CycloneDX SBOM, and the texts of their licenses.

All of it is in the output of `cargo metadata` and in Cargo.lock: versions, checksums, licenses, and
who depends on whom."""

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

LICENSE_FILES = ("license", "licence", "copying", "copyright", "notice", "unlicense")


@dataclass
class Crates:
    """The crates by ID, and the IDs of those that each is built from."""

    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    needs: dict[str, set[str]] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)
    roots: set[str] = field(default_factory=set)


def read(metadata: list[dict[str, Any]], folders: list[str]) -> Crates:
    """Reads the crates that the workspace members below `folders` are built from, on the platform of
    each `cargo metadata`. What only build scripts use is not linked; tests are left out."""
    crates = Crates()
    for of_platform in metadata:
        root = Path(of_platform["workspace_root"])
        packages = {package["id"]: package for package in of_platform["packages"]}
        nodes = {node["id"]: node for node in of_platform["resolve"]["nodes"]}
        for member in of_platform["workspace_members"]:
            folder = Path(packages[member]["manifest_path"]).parent.relative_to(root)
            if any(folder.is_relative_to(shipped) for shipped in folders):
                crates.roots.add(member)
        walk(crates, packages, nodes)
    return crates


def walk(crates: Crates, packages: dict[str, Any], nodes: dict[str, Any]) -> None:
    left = [(root, True) for root in sorted(crates.roots)]
    done = set()
    while left:
        crate, is_linked = left.pop()
        # A macro runs in the compiler, and so does what it is made of.
        is_linked = is_linked and not any("proc-macro" in one["kind"] for one in packages[crate]["targets"])
        if (crate, is_linked) in done:
            continue
        done.add((crate, is_linked))
        crates.packages[crate] = packages[crate]
        needs = crates.needs.setdefault(crate, set())
        if is_linked:
            crates.linked.add(crate)
        for dependency in nodes[crate]["deps"]:
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]} - {"dev"}
            if kinds:
                needs.add(dependency["pkg"])
                left.append((dependency["pkg"], is_linked and None in kinds))


def spdx(package: dict[str, Any]) -> str | None:
    """Returns the license as SPDX writes it. Old crates separate a choice with a slash."""
    license = package["license"]
    return license.replace("/", " OR ") if license else None


def component(package: dict[str, Any], checksum: str | None, is_linked: bool, kind: ComponentType) -> Component:
    license = spdx(package)
    references = [(ExternalReferenceType.VCS, package["repository"]), (ExternalReferenceType.WEBSITE, package["homepage"])]
    url = PackageURL("cargo", name=package["name"], version=package["version"])
    return Component(
        type=kind,
        name=package["name"],
        version=package["version"],
        bom_ref=url.to_string(),
        purl=url,
        description=package["description"],
        # A build script or a macro runs when the release is built, and is not in it.
        scope=ComponentScope.REQUIRED if is_linked else ComponentScope.EXCLUDED,
        licenses=[LicenseFactory().make_from_string(license)] if license else [],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else [],
        external_references=[ExternalReference(type=kind, url=XsUri(url)) for kind, url in references if url],
    )


def bill_of_materials(crates: Crates, lock: dict[str, Any], version: str, package: dict[str, str], time: int) -> str:
    """Returns the SBOM (CycloneDX 1.6, JSON). The same crates give the same text."""
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in lock["package"]}
    release = Component(
        type=ComponentType.APPLICATION,
        name="trailseal",
        version=version,
        bom_ref=f"trailseal@{version}",
        licenses=[LicenseFactory().make_from_string(package["license"])],
        external_references=[ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(package["repository"]))],
    )
    components = {
        crate: component(
            one,
            checksums.get((one["name"], one["version"])),
            crate in crates.linked,
            ComponentType.APPLICATION if crate in crates.roots else ComponentType.LIBRARY,
        )
        for crate, one in crates.packages.items()
    }
    bom = Bom(components=components.values())
    bom.metadata = BomMetaData(component=release, timestamp=dt.datetime.fromtimestamp(time, dt.timezone.utc))
    bom.register_dependency(release, [components[root] for root in sorted(crates.roots)])
    for crate, needs in crates.needs.items():
        bom.register_dependency(components[crate], [components[need] for need in sorted(needs)])
    content = sorted(f"{one.purl} {one.scope}" for one in components.values())
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([package["repository"], version, *content]))
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def license_texts(package: dict[str, Any]) -> list[str]:
    folder = Path(package["manifest_path"]).parent
    names = {path.name for path in folder.iterdir() if path.is_file() and path.name.lower().startswith(LICENSE_FILES)}
    if package["license_file"]:
        names.add(package["license_file"])
    return [(folder / name).read_text("utf-8", "replace").strip() for name in sorted(names) if not name.endswith(".rs")]


def notices(crates: Crates) -> str:
    """Returns the licenses of the linked crates, as these licenses ask of whoever distributes them."""
    foreign = [crates.packages[crate] for crate in crates.linked if crates.packages[crate]["source"]]
    texts: dict[str, list[str]] = {}
    overview = []
    for package in sorted(foreign, key=lambda one: (one["name"], one["version"])):
        title = f"{package['name']} {package['version']}"
        overview.append(f"{title}: {spdx(package) or 'see below'}")
        for text in license_texts(package):
            texts.setdefault(hashlib.sha256(text.encode()).hexdigest(), [text]).append(title)
    parts = ["Trailseal contains these crates, under these licenses:", "\n".join(overview)]
    for text, *titles in texts.values():
        parts.append(f"{'-' * 100}\n{', '.join(titles)}\n\n{text}")
    return "\n\n".join(parts) + "\n"
