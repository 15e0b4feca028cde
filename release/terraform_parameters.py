#!/usr/bin/env python3
"""Writes terraform/parameters.tf: a variable for each parameter of template.yaml.

The module deploys the template itself, so that no resource is written twice. Names, defaults and
descriptions of its inputs are those of the template."""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import packaged_template

ROOT = Path(__file__).parents[1]
FILE = ROOT / "terraform/parameters.tf"

HEAD = "# Written by `make terraform-parameters` from the parameters of template.yaml. Do not edit it.\n"

TYPES = {"CommaDelimitedList": "list(string)", "Number": "number", "String": "string"}


def variable_name(parameter: str) -> str:
    """Returns `log_buckets` for `LogBuckets`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", parameter).lower()


def default(parameter: dict[str, Any]) -> Any:
    value = parameter["Default"]
    if parameter["Type"] == "CommaDelimitedList":
        return str(value).split(",") if value else []
    return int(value) if parameter["Type"] == "Number" else str(value)


def text(value: Any) -> str:
    """Returns a value as HCL: JSON, in which a template sequence would be a reference."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def variable(name: str, parameter: dict[str, Any]) -> str:
    lines = [
        ("description", text(" ".join(parameter["Description"].split()))),
        ("type", TYPES[parameter["Type"]]),
    ]
    if "Default" in parameter:
        lines.append(("default", text(default(parameter))))
    lines.append(("nullable", "false"))
    width = max(len(key) for key, _ in lines)
    body = "".join(f"  {key:<{width}} = {value}\n" for key, value in lines)
    return f'variable "{variable_name(name)}" {{\n{body}}}\n'


def argument(name: str, parameter: dict[str, Any]) -> str:
    value = f"var.{variable_name(name)}"
    if parameter["Type"] == "CommaDelimitedList":
        return f'join(",", {value})'
    return f"tostring({value})" if parameter["Type"] == "Number" else value


def module(parameters: dict[str, Any]) -> str:
    variables = [variable(name, parameter) for name, parameter in parameters.items()]
    width = max(len(name) for name in parameters)
    arguments = "".join(f"    {name:<{width}} = {argument(name, one)}\n" for name, one in parameters.items())
    return "\n".join([HEAD, *variables, f"locals {{\n  parameters = {{\n{arguments}  }}\n}}\n"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the file is up to date")
    args = parser.parse_args()
    template = packaged_template.load((ROOT / "template.yaml").read_text())
    wanted = module(template["Parameters"])
    if not args.check:
        FILE.write_text(wanted)
    elif FILE.read_text() != wanted:
        sys.exit("terraform/parameters.tf differs from template.yaml: run `make terraform-parameters`")


if __name__ == "__main__":
    main()
