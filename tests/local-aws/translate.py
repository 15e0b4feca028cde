#!/usr/bin/env python3
"""Prints the CloudFormation template (JSON) that AWS makes of a SAM template when it is deployed."""

import argparse
import json
import os
from typing import Any

from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies(ManagedPolicyLoader):
    """The translator asks IAM for managed policies by name. No function of the template has one."""

    def __init__(self) -> None:
        super().__init__(None)

    def load(self) -> dict[str, str]:
        return {}


def name_code(template: dict[str, Any], code: str) -> None:
    """Puts an archive in S3 in place of each function's local folder, as `sam package` does."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code


def translate(template: dict[str, Any]) -> dict[str, Any]:
    """Does what the macro AWS::Serverless-2016-10-31 does in CloudFormation."""
    return transform(template, {}, NoManagedPolicies(), passthrough_metadata=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("template", help="the SAM template")
    parser.add_argument(
        "--code", default="s3://code/function.zip", help="S3 URI put in for every function's code"
    )
    parser.add_argument("--region", default="us-east-1", help="Region to deploy in")
    args = parser.parse_args()
    os.environ["AWS_DEFAULT_REGION"] = args.region  # the translator asks the session for it
    with open(args.template, encoding="utf-8") as file:
        template = yaml_parse(file)
    name_code(template, args.code)
    print(json.dumps(translate(template), indent=1))


if __name__ == "__main__":
    main()
