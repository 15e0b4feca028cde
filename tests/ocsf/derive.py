#!/usr/bin/env python3
"""Derives a JSON Schema of an OCSF class from the definitions of the OCSF schema.

    git clone https://github.com/ocsf/ocsf-schema && git -C ocsf-schema checkout COMMIT
    tests/ocsf/derive.py ocsf-schema > tests/ocsf/detection_finding.schema.json

Only the objects in OBJECTS are described attribute by attribute. An attribute with another object is
refused, so that nothing unchecked passes.
"""

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

CLASS = "events/findings/detection_finding.json"
PROFILES = {"cloud"}
OBJECTS = {
    "account",
    "analytic",
    "cloud",
    "evidences",
    "feature",
    "finding_info",
    "metadata",
    "product",
    "remediation",
    "resource_details",
}

# The JSON of OCSF's basic types. A type of the dictionary names one of them.
BASIC: dict[str, dict[str, Any]] = {
    "boolean_t": {"type": "boolean"},
    "float_t": {"type": "number"},
    "integer_t": {"type": "integer"},
    "json_t": {},
    "long_t": {"type": "integer"},
    "string_t": {"type": "string"},
}


class Definitions:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.dictionary = self.read("dictionary.json")
        self.attributes = self.dictionary["attributes"]
        self.types = self.dictionary["types"]["attributes"]
        # A class and an object may have the same name.
        self.files = {folder: self.named(folder) for folder in ("events", "objects")}

    def named(self, folder: str) -> dict[str, str]:
        """The files of a folder by the names that they define."""
        files = [str(path.relative_to(self.root)) for path in (self.root / folder).rglob("*.json")]
        return {self.read(file)["name"]: file for file in files if "name" in self.read(file)}

    def read(self, path: str) -> Any:
        return json.loads((self.root / path).read_text())

    def whole(self, path: str) -> dict[str, Any]:
        """A class or an object with everything that it inherits and includes."""
        own = self.read(path)
        parent = own.get("extends")
        whole = self.whole(self.files[path.split("/")[0]][parent]) if parent else {"attributes": {}, "constraints": {}}
        attributes = whole["attributes"]
        for include in own.get("attributes", {}).get("$include", []):
            profile = self.read(include)
            for name, attribute in profile.get("attributes", {}).items():
                attributes.setdefault(name, {"profile": profile["name"]} | attribute)
        for name, attribute in own.get("attributes", {}).items():
            if name == "$include":
                continue
            merged = attributes.get(name, {}) | attribute
            merged["enum"] = attributes.get(name, {}).get("enum", {}) | attribute.get("enum", {})
            attributes[name] = merged
        return {
            "attributes": attributes,
            "constraints": whole["constraints"] | own.get("constraints", {}),
            "caption": own["caption"],
        }

    def value(self, name: str, attribute: dict[str, Any]) -> dict[str, Any] | None:
        """The JSON Schema of an attribute; nothing if it holds an object that is not described."""
        known = self.attributes[name]
        kind = attribute.get("type", known["type"])
        if kind in OBJECTS:
            schema: dict[str, Any] = {"$ref": f"#/$defs/{kind}"}
        elif kind == "object_t" or kind not in self.types:
            return None
        else:
            of = self.types[kind]
            schema = dict(BASIC[of.get("type", kind)])
            if "regex" in of:
                schema["pattern"] = of["regex"]
            if "max_len" in of:
                schema["maxLength"] = of["max_len"]
        enum = known.get("enum", {}) | attribute.get("enum", {})
        if enum and schema.get("type") == "integer":
            schema["enum"] = sorted(int(value) for value in enum)
        elif enum and schema.get("type") == "string":
            schema["enum"] = sorted(enum)
        is_array = attribute.get("is_array", known.get("is_array", False))
        return {"type": "array", "items": schema} if is_array else schema

    def schema(self, path: str) -> dict[str, Any]:
        whole = self.whole(path)
        properties, required = {}, []
        for name, attribute in sorted(whole["attributes"].items()):
            profile = attribute.get("profile")
            if profile and profile not in PROFILES:
                continue
            value = self.value(name, attribute)
            if value is None:
                continue
            properties[name] = value
            if attribute.get("requirement") == "required":
                required.append(name)
        schema: dict[str, Any] = {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
        if names := whole["constraints"].get("at_least_one"):
            schema["anyOf"] = [{"required": [name]} for name in names if name in properties]
        return schema


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path, help="a checkout of ocsf/ocsf-schema")
    root = parser.parse_args().repository
    commit = ["git", "-C", str(root), "rev-parse", "HEAD"]
    commit = subprocess.run(commit, check=True, capture_output=True, text=True).stdout.strip()
    definitions = Definitions(root)
    schema = definitions.schema(CLASS)
    # The unique IDs are computed from the category and the class.
    category = definitions.read("categories.json")["attributes"]["findings"]["uid"]
    uid = category * 1000 + definitions.read(CLASS)["uid"]
    activities = schema["properties"]["activity_id"]["enum"]
    schema["properties"]["category_uid"]["enum"] = [category]
    schema["properties"]["class_uid"]["enum"] = [uid]
    schema["properties"]["type_uid"]["enum"] = [uid * 100 + activity for activity in activities]
    # The type is that of the activity.
    schema["oneOf"] = [
        {"properties": {"activity_id": {"const": n}, "type_uid": {"const": uid * 100 + n}}}
        for n in activities
    ]
    print(
        json.dumps(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$comment": f"Derived by tests/ocsf/derive.py from github.com/ocsf/ocsf-schema, "
                f"version {definitions.read('version.json')['version']}, commit {commit}, "
                "under the Apache License 2.0.",
                **schema,
                "$defs": {
                    name: definitions.schema(definitions.files["objects"][name]) for name in sorted(OBJECTS)
                },
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
