#!/usr/bin/env python3
"""Checks the packaged template of a release: it is template.yaml, but for the code of its functions,
its architecture and the metadata of the AWS Serverless Application Repository.

check_template.py PACKAGED-TEMPLATE ARCHITECTURE"""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
APPLICATION = "AWS::ServerlessRepo::Application"

# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-template-publishing-applications-metadata-properties.html
REQUIRED = {
    "Name": r"[a-zA-Z0-9\-]{1,140}",
    "Description": r".{1,256}",
    "Author": r"(?=.{1,127}$)[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?",
    "SpdxLicenseId": r"Apache-2\.0",
    "LicenseUrl": r"[A-Za-z.]+",
    "ReadmeUrl": r"[A-Za-z.]+",
    "HomePageUrl": r"https://.+",
    "SemanticVersion": r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?",
    "SourceCodeUrl": r"https://.+",
}
LABEL = r"[a-zA-Z0-9+\-_:/@]{1,127}"


def check_application(application: dict[str, Any], folder: Path) -> None:
    assert application.keys() == REQUIRED.keys() | {"Labels"}, application.keys()
    for name, pattern in REQUIRED.items():
        assert re.fullmatch(pattern, application[name]), (name, application[name])
    assert 1 <= len(application["Labels"]) <= 10
    assert all(re.fullmatch(LABEL, label) for label in application["Labels"])
    for name in ("LicenseUrl", "ReadmeUrl"):
        assert (folder / application[name]).is_file(), application[name]
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
    assert application["SemanticVersion"] == workspace["version"]
    assert application["HomePageUrl"] == workspace["repository"]


def main() -> None:
    path, architecture = Path(sys.argv[1]), sys.argv[2]
    packaged = yaml_parse(path.read_text())
    template = yaml_parse((ROOT / "template.yaml").read_text())
    check_application(packaged["Metadata"].pop(APPLICATION), path.parent)
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        executable = resource.pop("Metadata")["BuildProperties"]["Binary"]
        code = packaged["Resources"][name]["Properties"].pop("CodeUri")
        assert code == f"{executable}-{architecture}.zip", code
        assert (path.parent / code).is_file(), code
        del resource["Properties"]["CodeUri"]
    for one in (packaged, template):
        parameter = one["Parameters"]["Architecture"]
        assert parameter["Default"] in parameter["AllowedValues"]
        assert architecture in parameter["AllowedValues"]
    assert packaged["Parameters"]["Architecture"].pop("AllowedValues") == [architecture]
    for name in ("AllowedValues", "Default", "Description"):
        template["Parameters"]["Architecture"].pop(name, None)
        packaged["Parameters"]["Architecture"].pop(name, None)
    assert packaged == template


if __name__ == "__main__":
    main()
