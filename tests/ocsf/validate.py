#!/usr/bin/env python3
"""Validates JSON documents, one a line of standard input, with a JSON Schema. Prints what is wrong."""

import argparse
import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("schema", type=Path)
    schema = json.loads(parser.parse_args().schema.read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    count, wrong = 0, 0
    for line in sys.stdin:
        count += 1
        for error in validator.iter_errors(json.loads(line)):
            wrong += 1
            print(f"line {count}, {error.json_path}: {error.message}")
    print(f"{count} documents")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
