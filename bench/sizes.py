"""Writes docs/sizes.md: what the executable of each function consists of.

Use `make sizes`: it builds the functions once more, with the names of what is in them. `cargo bloat`
finds the crate of each piece of machine code, and the ELF file says how long its sections are.
"""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "sizes.md"

# The first group whose start a crate's name has.
GROUPS = (
    ("Trailseal", ("trailseal", *(path.name.replace("-", "_") for path in (ROOT / "functions").iterdir()))),
    ("AWS SDK: the services", ("aws_sdk_",)),
    ("AWS SDK: its runtime", ("aws_",)),
    ("HTTP and TLS", ("rustls", "webpki", "hyper", "h2", "http", "tower", "url", "idna", "icu_", "untrusted")),
    ("Rust's standard library", ("std", "core", "alloc", "hashbrown", "compiler_builtins")),
    ("tokio and futures", ("tokio", "futures", "mio", "async_stream", "parking_lot")),
    ("JSON, times, compression, hashes", ("serde", "jiff", "chrono", "time", "zlib", "flate2", "libdeflate", "sha", "md", "crc", "aho", "memchr", "ryu", "itoa", "zmij")),
    ("logging", ("tracing", "sharded", "log")),
)
# AWS's SDK and its C library share a prefix. What has no Rust name is C and assembly.
CRYPTOGRAPHY = "AWS-LC (C and assembly), and what has no name"
OTHERS = "other crates"
# The parts of a file that are not machine code, by the names of their sections.
SECTIONS = (
    ("tables to unwind after a panic", (".eh_frame", ".eh_frame_hdr", ".gcc_except_table")),
    ("constants and texts", (".rodata",)),
    ("pointers that the loader adjusts", (".rela.dyn", ".relr.dyn", ".data.rel.ro", ".got", ".rela.plt")),
)


def group_of(crate: str) -> str:
    if crate in ("[Unknown]", "aws_lc", "aws_lc_sys", "aws_lc_rs"):
        return CRYPTOGRAPHY
    for group, starts in GROUPS:
        if crate.startswith(starts):
            return group
    return OTHERS


def sections(executable: Path) -> dict[str, int]:
    """Returns the sizes of the sections of a 64-bit little-endian ELF file."""
    data = executable.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        sys.exit(f"{executable} is not a 64-bit ELF file")
    (start,) = struct.unpack_from("<Q", data, 40)
    entry, count, names = struct.unpack_from("<HHH", data, 58)
    headers = [struct.unpack_from("<IIQQQQ", data, start + entry * i) for i in range(count)]
    texts = headers[names][4]
    found = {}
    for name, kind, _, _, _, size in headers:
        first = texts + name
        text = data[first : data.index(b"\0", first)].decode()
        # 8: a section that takes no room in the file.
        found[text] = 0 if kind == 8 else size
    return found


def measure(function: str) -> dict[str, int]:
    """Returns the bytes of each part of a function's executable."""
    target = ROOT / "target" / "sizes"
    command = ["cargo", "bloat", "--release", "--locked", "-p", function, "--crates", "-n", "0"]
    environment = os.environ | {"CARGO_PROFILE_RELEASE_STRIP": "none", "CARGO_TARGET_DIR": str(target)}
    run = subprocess.run(
        [*command, "--message-format", "json"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True
    )
    report = json.loads(run.stdout)
    parts = dict.fromkeys([group for group, _ in GROUPS] + [CRYPTOGRAPHY, OTHERS], 0)
    for crate in report["crates"]:
        parts[group_of(crate["name"])] += crate["size"]
    named = sum(parts.values())
    # The attribution covers the functions that have a name.
    parts[CRYPTOGRAPHY] += max(0, report["text-section-size"] - named)
    stripped = target / "stripped"
    executable = target / "release" / function
    subprocess.run(["strip", "-o", stripped, executable], check=True)
    size = stripped.stat().st_size
    found = sections(stripped)
    for part, names in SECTIONS:
        parts[part] = sum(found.get(name, 0) for name in names)
    parts["everything else"] = size - sum(parts.values())
    parts["**the file**"] = size
    return parts


def main() -> None:
    functions = sorted(path.name for path in (ROOT / "functions").iterdir())
    columns = {}
    for function in functions:
        print(f"{function} …", file=sys.stderr, flush=True)
        columns[function] = measure(function)
    lines = [
        "# Sizes of the functions",
        "",
        "Lambda loads a function's executable before it starts. `make sizes` builds the functions for this",
        "machine's architecture once more, finds out which crate each piece of machine code belongs to, and",
        "writes this table. Sizes are in kilobytes (1,000 bytes).",
        "",
        "| | " + " | ".join(functions) + " |",
        "| --- |" + " ---: |" * len(functions),
    ]
    for part in columns[functions[0]]:
        sizes = (f"{columns[function][part] / 1000:,.0f}" for function in functions)
        lines.append(f"| {part} | " + " | ".join(sizes) + " |")
    head = "\n".join(lines) + "\n"
    notes = DOCUMENT.read_text().partition("\n## ")[1:] if DOCUMENT.exists() else ("", "")
    DOCUMENT.write_text(head + "".join(notes))
    print(head)


main()
