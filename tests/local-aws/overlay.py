#!/usr/bin/env python3
"""Prints a SAM template (JSON) whose functions may be sent to a local AWS.

`sam local invoke` gives a function only those variables that its template names, and the template
that is deployed names no endpoint."""

import argparse
import json

from samtranslator.yaml_helper import yaml_parse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("template", help="the SAM template")
    args = parser.parse_args()
    with open(args.template, encoding="utf-8") as file:
        template = yaml_parse(file)
    template["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    print(json.dumps(template, indent=1))


if __name__ == "__main__":
    main()
