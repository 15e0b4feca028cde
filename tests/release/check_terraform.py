#!/usr/bin/env python3
"""Checks the Terraform module against the template: each parameter is an input with the template's
default, it reaches the stack, and the packaged template is changed at each function.

check_terraform.py PACKAGED-TEMPLATE"""

import re
import sys
from pathlib import Path
from typing import Any

import hcl2
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]

TYPES = {"CommaDelimitedList": "list(string)", "Number": "number", "String": "string"}

# The inputs that are no parameters.
OWN = {"release_folder", "code_bucket", "code_prefix", "stack_name", "tags"}


def plain(value: Any) -> Any:
    """Returns a value of the parser without quotes and without marks."""
    if isinstance(value, str):
        return value[1:-1] if value[:1] == '"' else value
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items() if not key.startswith("__")}
    return value


def module() -> dict[str, list[Any]]:
    blocks: dict[str, list[Any]] = {}
    for file in sorted((ROOT / "terraform").glob("*.tf")):
        for kind, found in plain(hcl2.loads(file.read_text())).items():
            blocks.setdefault(kind, []).extend(found)
    return blocks


def expected_default(parameter: dict[str, Any]) -> Any:
    default = parameter.get("Default")
    if default is None:
        return None
    if parameter["Type"] == "CommaDelimitedList":
        return [one for one in str(default).split(",") if one]
    return default


def main() -> None:
    packaged = Path(sys.argv[1]).read_text()
    template = yaml_parse((ROOT / "template.yaml").read_text())
    blocks = module()
    variables = {name: body for block in blocks["variable"] for name, body in block.items()}
    arguments = {name: value for block in blocks["locals"] for name, value in block.get("parameters", {}).items()}
    parameters = template["Parameters"]

    assert arguments.keys() == parameters.keys(), arguments.keys() ^ parameters.keys()
    used = set()
    for name, parameter in parameters.items():
        (variable,) = re.findall(r"var\.([a-z0-9_]+)", arguments[name])
        assert variable.replace("_", "") == name.lower(), (name, variable)
        used.add(variable)
        body = variables[variable]
        assert body["type"].strip("${}") == TYPES[parameter["Type"]], (name, body)
        assert body.get("default") == expected_default(parameter), (name, body)
    assert variables.keys() - used == OWN, variables.keys() - used

    # The module's own expression, on the template of a release.
    text = (ROOT / "terraform/main.tf").read_text()
    pattern, replacement = re.search(r'replace\(local\.source, "/(.+?)/", "(.+)"\)', text).groups()
    replacement = replacement.replace("$${1}", r"\1").replace("$${2}", r"\2")
    replacement = replacement.replace("${var.code_bucket}", "bucket").replace("${local.folder}", "folder/")
    uploaded = yaml_parse(re.sub(pattern, replacement, packaged))
    before = yaml_parse(packaged)
    functions = 0
    for name, resource in before["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            code = resource["Properties"]["CodeUri"]
            resource["Properties"]["CodeUri"] = f"s3://bucket/folder/{code}"
            functions += 1
    assert functions, "no function"
    assert uploaded == before


if __name__ == "__main__":
    main()
