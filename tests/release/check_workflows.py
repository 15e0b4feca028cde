#!/usr/bin/env python3
"""Checks the GitHub workflows: they are valid, they may do no more than they must, and every target
of make and every file that they name exists."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))

# A release of an action may be replaced; a commit cannot.
PINNED = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+@[0-9a-f]{40}")

# Paths that a workflow makes itself.
MADE = {"dist", "files", "notes.md", "SHA256SUMS"}


def problems_of(path: Path) -> Iterator[str]:
    workflow = YAML(typ="safe").load(path.read_text())
    if workflow.get("permissions") != {}:
        yield "every job must name its own permissions"
    for name, job in workflow["jobs"].items():
        if "permissions" not in job:
            yield f"{name} names no permissions"
        if "uses" in job:
            called = job["uses"]
            if not called.startswith("./") or not (ROOT / called).is_file():
                yield f"{name} calls {called}, which does not exist"
            continue
        if "timeout-minutes" not in job:
            yield f"{name} has no timeout"
        for step in job["steps"]:
            yield from (f"{name}: {problem}" for problem in problems_of_step(step))


def problems_of_step(step: dict[str, Any]) -> Iterator[str]:
    if "uses" in step and not PINNED.fullmatch(step["uses"]):
        yield f"{step['uses']} is not pinned to a commit"
    script = step.get("run", "")
    for target in re.findall(r"\bmake ([a-z-]+)", script):
        known = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        if known.returncode:
            yield f"make {target}: {known.stderr.strip()}"
    for line in script.splitlines():
        program, *words = line.split(">")[0].split()
        for word in [program, *words] if program != "bash" else words:
            file = word.strip("\"'")
            if "/" not in file or re.search(r"[$*{]|://", file) or Path(file).parts[0] in MADE:
                continue
            if not (ROOT / file).is_file():
                yield f"{file} does not exist"
            elif word is program and not os.access(ROOT / file, os.X_OK):
                yield f"{file} is not executable"


def main() -> None:
    if not WORKFLOWS:
        sys.exit("no workflows")
    problems = [f"{path.name}: {problem}" for path in WORKFLOWS for problem in problems_of(path)]
    zizmor = [Path(sys.executable).with_name("zizmor"), "--offline", "--no-progress", "--quiet", *WORKFLOWS]
    found = subprocess.run(zizmor, capture_output=True, text=True)
    if found.returncode:
        problems.append(found.stdout + found.stderr)
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
