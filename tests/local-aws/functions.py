#!/usr/bin/env python3
"""Prints the functions of the template that S3's events trigger: NAME-IN-TEMPLATE:BINARY, one a line.

The functions of the history are the same programs again, with other queues: they are left out."""

import pathlib
from typing import Any

from samtranslator.yaml_helper import yaml_parse

TEMPLATE = pathlib.Path(__file__).parents[2] / "template.yaml"

# Findings, alerts and the clock trigger them instead of objects.
OTHERS = ["alerter", "exporter", "settings-monitor", "watchdog"]


def functions(template: dict[str, Any]) -> dict[str, str]:
    return {
        name: resource["Metadata"]["BuildProperties"]["Binary"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
        and "TRAILSEAL_HISTORY" not in resource["Properties"]["Environment"]["Variables"]
    }


def main() -> None:
    for name, binary in functions(yaml_parse(TEMPLATE.read_text())).items():
        if binary not in OTHERS:
            print(f"{name}:{binary}")


if __name__ == "__main__":
    main()
