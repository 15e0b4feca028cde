#!/usr/bin/env python3
"""Prints a table of the last run of each fuzz target, from the output of libFuzzer.

  table.py FOLDER [--write] TARGET…

FOLDER has TARGET.log, corpus/TARGET/ and failures/. With --write, the table also replaces that of docs/fuzzing.md.
"""

import pathlib
import re
import sys

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "fuzzing.md"
HEAD = (
    "| target | seconds | inputs tried | edges covered | inputs kept | failures |\n"
    "| --- | --: | --: | --: | --: | --: |\n"
)


def row(folder, target):
    """The row of a target. Exits if it did not run to its end and has no failure that explains it."""
    log = folder / f"{target}.log"
    text = log.read_text(errors="replace")
    done = re.search(r"^Done (\d+) runs in (\d+) second", text, re.M)
    edges = re.findall(r" cov: (\d+) ", text)
    kept = sum(path.is_file() for path in (folder / "corpus" / target).iterdir())
    failures = len(list((folder / "failures").glob(f"{target}-*")))
    if not (done and edges) and not failures:
        sys.exit(f"fuzz/table.py: {target} did not run to its end: {log}")
    tried, seconds = (f"{int(number):,}" for number in done.groups()) if done else ("?", "?")
    return f"| `{target}` | {seconds} | {tried} | {int(edges[-1]) if edges else 0:,} | {kept:,} | {failures} |\n"


def main():
    folder = pathlib.Path(sys.argv[1])
    write = "--write" in sys.argv
    targets = [argument for argument in sys.argv[2:] if argument != "--write"]
    table = HEAD + "".join(row(folder, target) for target in targets)
    print(table, end="")
    if write:
        start, end = "<!-- table -->\n", "<!-- end of the table -->\n"
        before, rest = PAGE.read_text().split(start)
        PAGE.write_text(before + start + table + end + rest.split(end)[1])


if __name__ == "__main__":
    main()
