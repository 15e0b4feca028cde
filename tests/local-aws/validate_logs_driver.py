#!/usr/bin/env python3
"""Runs the AWS CLI in this process, many times: a new process takes a second to start.

Reads one request a line, `{"arguments": ["cloudtrail", ...], "region": "us-east-1", "accept_spki":
false, "without_keys": []}`, and answers with one line, `{"code": 0, "writes": [["out", "..."],
["err", "..."]]}`: the exit code and all that was written, in its order.

`region` is the environment's. The last two change what the AWS CLI can do, to tell what it would
say then: read public keys in SubjectPublicKeyInfo form, and not see public keys with these
fingerprints.
"""

import io
import json
import os
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import Any
from unittest.mock import patch

import rsa
from awscli.clidriver import create_clidriver
from awscli.customizations.cloudtrail.validation import PublicKeyProvider
from pyasn1.error import PyAsn1Error


class Stream(io.StringIO):
    """Standard output or error: keeps each write, next to those of the other."""

    encoding = "utf-8"

    def __init__(self, name: str, writes: list[list[str]]) -> None:
        super().__init__()
        self.name = name
        self.writes = writes

    def write(self, text: str) -> int:
        self.writes.append([self.name, text])
        return len(text)


def accept_spki() -> Any:
    load_pkcs1 = rsa.PublicKey.load_pkcs1

    def load(keyfile: bytes, format: str = "PEM") -> rsa.PublicKey:
        try:
            return load_pkcs1(keyfile, format)
        except PyAsn1Error:
            return rsa.PublicKey.load_pkcs1_openssl_der(keyfile)

    return patch.object(rsa.PublicKey, "load_pkcs1", load)


def without_keys(fingerprints: list[str]) -> Any:
    get_public_keys = PublicKeyProvider.get_public_keys

    def get(self: PublicKeyProvider, start_date: Any, end_date: Any) -> dict[str, Any]:
        keys = get_public_keys(self, start_date, end_date)
        return {name: key for name, key in keys.items() if name not in fingerprints}

    return patch.object(PublicKeyProvider, "get_public_keys", get)


def run(request: dict[str, Any], data_loader: object) -> dict[str, Any]:
    writes: list[list[str]] = []
    os.environ["AWS_DEFAULT_REGION"] = request["region"]
    with ExitStack() as changes:
        changes.enter_context(redirect_stdout(Stream("out", writes)))
        changes.enter_context(redirect_stderr(Stream("err", writes)))
        if request["accept_spki"]:
            changes.enter_context(accept_spki())
        if request["without_keys"]:
            changes.enter_context(without_keys(request["without_keys"]))
        try:
            driver = create_clidriver()
            driver.session.register_component("data_loader", data_loader)
            code = driver.main(request["arguments"])
        except SystemExit as stop:
            code = stop.code
    return {"code": code or 0, "writes": writes}


def main() -> None:
    answers = sys.stdout
    # It keeps the descriptions of the services, which take the longest to read.
    data_loader = create_clidriver().session.get_component("data_loader")
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line), data_loader)), file=answers, flush=True)


if __name__ == "__main__":
    main()
