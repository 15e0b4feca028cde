#!/usr/bin/env python3
"""Checks commands of the AWS CLI without sending a request.

Reads a JSON list of commands from standard input: `words`, whether the command `isWhole` or is only
a part of one, as texts quote it, and the `files` that it may read, by name. Prints a JSON list with what is wrong with each, or null. The
AWS CLI itself parses each whole command, and botocore validates the parameters.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
from typing import Any

os.environ.update(
    AWS_ACCESS_KEY_ID="none",
    AWS_SECRET_ACCESS_KEY="none",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)

from awscli import clidriver  # noqa: E402
from awscli.customizations import waiters  # noqa: E402
from awscli.customizations.commands import BasicCommand  # noqa: E402
from botocore.validate import ParamValidator  # noqa: E402


def validate(caller: Any, service: str, operation: str, parameters: dict, _globals: Any) -> int:
    """Stands in for the request of an operation."""
    model = caller._session.get_service_model(service).operation_model(operation)
    report = ParamValidator().validate(parameters, model.input_shape)
    if report.has_errors():
        raise ValueError(report.generate_report())
    return 0


def run_nothing(command: BasicCommand, args: list[str], parsed_globals: Any) -> Any:
    """Parses a command that is not an operation, such as `s3 cp`, and does nothing."""
    command._run_main = lambda *_: 0
    return parse(command, args, parsed_globals)


parse = BasicCommand.__call__
BasicCommand.__call__ = run_nothing
clidriver.CLIOperationCaller.invoke = validate
waiters.WaiterCaller.invoke = lambda *_: 0


# The documents name these commands of version 2 of the AWS CLI, which version 1 does not have.
VERSION_2 = [["login"], ["sso", "login"]]


def problem_of_whole(driver: Any, words: list[str], files: dict[str, str]) -> str | None:
    for word in words:
        if word.startswith(("file://", "fileb://")):
            name = word.split("//", 1)[1]
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with open(name, "w", encoding="utf-8") as file:
                file.write(files.get(name, "{}"))
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            code = driver.main(words)
        except SystemExit as exit:
            code = exit.code
    return None if code == 0 else f"exit code {code}: {output.getvalue().strip()[-400:]}"


def problem_of_part(driver: Any, words: list[str], _files: dict[str, str]) -> str | None:
    """A part of a command names a command that exists, and options that it has."""
    if words in VERSION_2:
        return None
    names = [word for word in words if not word.startswith("-")]
    options = [word.split("=")[0] for word in words if word.startswith("--")]
    table, command = driver._get_command_table(), None
    for name in names[:3]:
        if table is None or (command is not None and name not in table):
            break
        if name not in table:
            return f"there is no command {name}"
        command = table[name]
        if isinstance(command, clidriver.ServiceCommand):
            table = command._get_command_table()
            if len(names) > 1 and names[1] not in table:
                return f"{name} has no operation {names[1]}"
        else:
            table = getattr(command, "subcommand_table", None)
    known = {f"--{option}" for option in driver._get_argument_table()}
    known |= {f"--{option}" for option in getattr(command, "arg_table", {})}
    unknown = [option for option in options if option not in known]
    return f"unknown options: {unknown}" if unknown else None


def main() -> None:
    commands = json.load(sys.stdin)
    driver = clidriver.create_clidriver()
    problems = []
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for command in commands:
            check = problem_of_whole if command["isWhole"] else problem_of_part
            problems.append(check(driver, command["words"][1:], command["files"]))
    print(json.dumps(problems))


if __name__ == "__main__":
    main()
