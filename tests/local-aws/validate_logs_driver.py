#!/usr/bin/env python3
"""Runs the AWS CLI in this process, many times: starting it anew takes a second.

Reads one JSON list of arguments a line, and answers each with one JSON object a line: what
`aws ARGUMENTS` prints to standard output and standard error, and its exit code.
"""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

from awscli.clidriver import create_clidriver


class Buffer(io.StringIO):
    """Standard output or error of one run; the AWS CLI also looks at its encoding."""

    encoding = "utf-8"


def run(arguments: list[str], data_loader: object) -> dict[str, object]:
    out, err = Buffer(), Buffer()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            driver = create_clidriver()
            driver.session.register_component("data_loader", data_loader)
            code = driver.main(arguments)
        except SystemExit as stop:
            code = stop.code
    return {"code": code or 0, "stdout": out.getvalue(), "stderr": err.getvalue()}


def main() -> None:
    answers = sys.stdout
    # It keeps the descriptions of the services, which take longest to read.
    data_loader = create_clidriver().session.get_component("data_loader")
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line), data_loader)), file=answers, flush=True)


if __name__ == "__main__":
    main()
