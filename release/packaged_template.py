"""The template of a release: template.yaml, with built functions in place of their source code."""

import io
from typing import Any

from ruamel.yaml import YAML

# AWS SAM's limit: "Minimum length=1. Maximum length=256."
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-template-publishing-applications-metadata-properties.html
LONGEST_DESCRIPTION = 256

LABELS = ["cloudtrail", "security", "audit", "integrity", "compliance", "forensics", "s3", "kms"]


def load(source: str) -> Any:
    """Reads a template. Its mappings know the lines of their keys."""
    return YAML().load(source)


def functions(template: dict[str, Any]) -> dict[str, str]:
    """Returns the executable of each function by its logical ID."""
    return {
        name: resource["Metadata"]["BuildProperties"]["Binary"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def default_architecture(template: dict[str, Any]) -> str:
    return template["Parameters"]["Architecture"]["Default"]


def archive_name(executable: str, architecture: str) -> str:
    """Returns the name of a function's deployment package, next to the template."""
    return f"{executable}-{architecture}.zip"


def name(template: dict[str, Any], architecture: str) -> str:
    """Returns the name of the packaged template. That of the default architecture is the short one."""
    is_default = architecture == default_architecture(template)
    return "template-packaged.yaml" if is_default else f"template-packaged-{architecture}.yaml"


def application(
    template: dict[str, Any], architecture: str, version: str, package: dict[str, str]
) -> dict[str, Any]:
    """Returns what the AWS Serverless Application Repository shows about the application. An
    application has one template, and therefore one architecture."""
    description = " ".join(template["Description"].split())
    if len(description) > LONGEST_DESCRIPTION:
        description = description[: description.rindex(". ", 0, LONGEST_DESCRIPTION) + 1]
    is_default = architecture == default_architecture(template)
    return {
        "Name": "trailseal" if is_default else f"trailseal-{architecture}",
        "Description": description,
        "Author": "trailseal",
        "SpdxLicenseId": package["license"],
        "LicenseUrl": "LICENSE",
        "ReadmeUrl": "README.md",
        "Labels": LABELS,
        "HomePageUrl": package["repository"],
        "SemanticVersion": version,
        "SourceCodeUrl": f"{package['repository']}/tree/v{version}",
    }


def written(entries: dict[str, Any], column: int) -> str:
    """Returns entries as YAML, indented."""
    writer = YAML()
    writer.width = 4096  # a value is in one line
    writer.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    writer.dump(entries, out)
    return "\n".join(" " * column + line for line in out.getvalue().splitlines())


class Lines:
    """The lines of a template, in which single entries change. Everything else stays as it is, with its
    comments."""

    def __init__(self, source: str) -> None:
        self.lines: list[str | None] = list(source.splitlines())

    def replace(self, mapping: Any, key: str, new: dict[str, Any] | None) -> None:
        """Replaces an entry of a mapping, up to the next entry, with others; or removes it."""
        keys = list(mapping)
        first, column = mapping.lc.key(key)
        after = keys[keys.index(key) + 1 :]
        last = mapping.lc.key(after[0])[0] if after else first + 1
        # A comment before the next entry belongs to that one.
        while last > first + 1 and (self.lines[last - 1] or "").strip()[:1] in ("", "#"):
            last -= 1
        text = None if new is None else written(new, column)
        self.lines[first:last] = [text, *[None] * (last - first - 1)]

    def insert_first(self, mapping: Any, new: dict[str, Any]) -> None:
        """Puts entries before those of a mapping."""
        line, column = mapping.lc.key(next(iter(mapping)))
        self.lines[line] = f"{written(new, column)}\n{self.lines[line]}"

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self.lines if line is not None)


def packaged(source: str, architecture: str, version: str, package: dict[str, str]) -> str:
    """Returns the template of a release for one architecture. Its paths are relative to its folder:
    `aws cloudformation package` and `sam deploy` upload what they name."""
    template = load(source)
    lines = Lines(source)
    for name, executable in functions(template).items():
        resource = template["Resources"][name]
        lines.replace(resource, "Metadata", None)
        lines.replace(resource["Properties"], "CodeUri", {"CodeUri": archive_name(executable, architecture)})
    parameter = template["Parameters"]["Architecture"]
    description = "Processor architecture of the functions. Each architecture has its own packaged template."
    lines.replace(parameter, "Description", {"Description": description})
    lines.replace(parameter, "Default", {"Default": architecture})
    lines.replace(parameter, "AllowedValues", {"AllowedValues": [architecture]})
    about = application(template, architecture, version, package)
    lines.insert_first(template["Metadata"], {"AWS::ServerlessRepo::Application": about})
    return str(lines)
