"""Step Functions for the local AWS: what moto's interpreter lacks.

moto executes state machines with Distributed Maps. It has no engine for JSONata, and its grammar has
no `ItemBatcher`, no `EXPRESS`, no `ResultWriter` with `Arguments` and no whole percentages. These
parts are taken out of a definition before moto parses it, and are carried out here. A definition is
otherwise executed as it is deployed.
"""

import functools
import json
import threading
from typing import Any

from jsonata import Jsonata
from jsonata.parser import Parser
from moto.core.config import default_user_config
from moto.stepfunctions.models import StateMachine, StepFunctionBackend
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval import (
    resource_eval_s3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.jsonata import jsonata, validations
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

# What was taken out of the Maps of all definitions, by the Maps' labels.
taken_out: dict[str, dict[str, Any]] = {}


# The library makes a parser for each thread, which takes longer than parsing.
parser, one_at_a_time = Parser(), threading.Lock()


def evaluate(expression: str) -> Any:
    """Evaluates a JSONata expression."""
    try:
        with one_at_a_time:
            Jsonata.PARSER.parser = parser
            return Jsonata(expression).evaluate(None)
    except Exception as error:
        raise jsonata.JSONataException("UNKNOWN", str(error)) from error


def value_of(template: Any, env: Environment) -> Any:
    """Evaluates a value whose texts may be JSONata expressions."""
    if isinstance(template, dict):
        return {name: value_of(value, env) for name, value in template.items()}
    if isinstance(template, str) and template.startswith("{%"):
        StringJSONata(template[2:-2].strip()).eval(env=env)
        return env.stack.pop()
    return template


@functools.cache
def client(region: str, service: str) -> Any:
    """moto makes a new client for each request, which takes longer than the request."""
    return boto_client_for(region=region, service=service)


def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
    return client(region, service)


def take_out(node: Any) -> None:
    """Takes what moto cannot parse out of a definition."""
    if isinstance(node, dict):
        if node.get("Type") == "Map" and "Label" in node:
            parts = {name: node.pop(name) for name in ("ItemBatcher", "ResultWriter") if name in node}
            if "ItemBatcher" in parts:
                parts["ItemSelector"] = node.pop("ItemSelector")
            taken_out[node["Label"]] = parts
        if node.get("ExecutionType") == "EXPRESS":
            node["ExecutionType"] = "STANDARD"
        # Nobody waits here for a service that is overloaded.
        for retrier in node.get("Retry", []):
            retrier |= {"IntervalSeconds": 1, "BackoffRate": 1.0, "MaxDelaySeconds": 1}
        if node.get("Type") == "Wait":
            node["Seconds"] = 1
        if "ToleratedFailurePercentage" in node:
            node["ToleratedFailurePercentage"] = float(node["ToleratedFailurePercentage"])
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        take_out(inner)


def batches(items: list[Any], parts: dict[str, Any], env: Environment) -> list[Any]:
    """Groups items as AWS does: selected, and at most so many, and so many bytes, in a batch.
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """
    batcher = parts["ItemBatcher"]
    common = value_of(batcher["BatchInput"], env)
    selected = []
    for index, item in enumerate(items):
        context = env.states.context_object.context_object_data
        context["Map"] = MapData(Item=ItemData(Index=index, Value=json.loads(json.dumps(item, default=str))))
        selected.append(value_of(parts["ItemSelector"], env))
    grouped: list[Any] = []
    for item in selected:
        if grouped:
            longer = {"BatchInput": common, "Items": [*grouped[-1]["Items"], item]}
            is_short = len(longer["Items"]) <= batcher["MaxItemsPerBatch"]
            if is_short and len(json.dumps(longer).encode()) <= batcher["MaxInputBytesPerBatch"]:
                grouped[-1] = longer
                continue
        grouped.append({"BatchInput": common, "Items": [item]})
    return grouped


def parse_what_remains() -> None:
    parse = AmazonStateLanguageParser.parse

    def parse_rest(definition: str) -> Any:
        document = json.loads(definition)
        take_out(document)
        return parse(json.dumps(document))

    AmazonStateLanguageParser.parse = staticmethod(parse_rest)  # type: ignore[method-assign]


def run_in_batches() -> None:
    map_run = DistributedIterationComponent._map_run

    def map_run_in_batches(self: Any, env: Environment, eval_input: Any) -> None:
        record = eval_input.map_run_record
        env.map_run_record, record.failed_inputs = record, []  # type: ignore[attr-defined]
        parts = taken_out.get(eval_input.label or "", {})
        if "ItemBatcher" in parts:
            items = env.stack.pop()
            env.stack.append(batches(items, parts, env))
        map_run(self, env, eval_input)

    DistributedIterationComponent._map_run = map_run_in_batches  # type: ignore[method-assign]

    eval_job = DistributedItemProcessorWorker._eval_job

    def eval_job_as_child(self: Any, env: Environment, job: Any) -> None:
        # A child workflow does not see the variables of its parent.
        env.variable_store = VariableStore()  # type: ignore[misc]
        eval_job(self, env, job)
        if job.job_output is None:
            self._map_run_record.failed_inputs.append(job.job_input)
        # moto counts a batch as one item.
        if isinstance(job.job_input, dict) and "BatchInput" in job.job_input:
            more = len(job.job_input["Items"]) - 1
            counter = self._map_run_record.item_counter
            counter.total.count(more)
            (counter.failed if job.job_output is None else counter.succeeded).count(more)

    DistributedItemProcessorWorker._eval_job = eval_job_as_child  # type: ignore[method-assign]


def write_results() -> None:
    """Writes the result of a Map to S3: the manifest, and the inputs of what failed.
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    """
    eval_execution = StateMap._eval_execution

    def eval_and_write(self: Any, env: Environment) -> None:
        eval_execution(self, env)
        writer = taken_out.get(self.label.label if self.label else "", {}).get("ResultWriter")
        if not writer:
            return
        env.stack.pop()
        record = env.map_run_record  # type: ignore[attr-defined]
        arguments = value_of(writer["Arguments"], env)
        bucket = arguments["Bucket"]
        folder = f"{arguments['Prefix'].rstrip('/')}/{record.map_run_arn.split(':')[-1]}"
        s3 = client(env.aws_execution_details.region, "s3")

        def put(name: str, document: Any) -> dict[str, Any]:
            key = f"{folder}/{name}"
            s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode())
            return {"Key": key}

        failed = [
            put(
                "FAILED_0.json",
                [{"Input": json.dumps(given), "Status": "FAILED"} for given in record.failed_inputs],
            )
            for _ in record.failed_inputs[:1]
        ]
        manifest = {
            "DestinationBucket": bucket,
            "MapRunArn": record.map_run_arn,
            "ResultFiles": {"FAILED": failed, "PENDING": [], "SUCCEEDED": []},
        }
        details = {"Bucket": bucket, **put("manifest.json", manifest)}
        env.stack.append({"MapRunArn": record.map_run_arn, "ResultWriterDetails": details})

    StateMap._eval_execution = eval_and_write  # type: ignore[method-assign]


def name_fields_as_aws() -> None:
    """Step Functions writes the fields of every request and response in Pascal case, whatever the
    service does: https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
    """
    call = StateTaskServiceAwsSdk._eval_service_task

    def pascal(value: Any) -> Any:
        if isinstance(value, dict):
            return {name[:1].upper() + name[1:]: pascal(inner) for name, inner in value.items()}
        return value

    def call_in_pascal(
        self: Any, env: Environment, normalised_parameters: dict[str, Any], **more: Any
    ) -> None:
        is_camel = self.resource.api_name == "sfn"
        if is_camel:
            parameters = normalised_parameters.items()
            normalised_parameters = {name[:1].lower() + name[1:]: value for name, value in parameters}
        call(self, env, normalised_parameters=normalised_parameters, **more)
        if is_camel:
            env.stack.append(pascal(env.stack.pop()))

    StateTaskServiceAwsSdk._eval_service_task = call_in_pascal  # type: ignore[method-assign]


def create_executable() -> None:
    """Makes state machines of a stack executable, and accepts their property `Definition`; moto
    knows only the same as text, and stores it. They are parsed when they are started."""

    def create(
        _cls: Any, name: str, resource: Any, account_id: str, region_name: str, **_more: Any
    ) -> StateMachine:
        properties = resource["Properties"]
        return StepFunctionBackend.create_state_machine(
            stepfunctions_parser_backends[account_id][region_name],
            properties.get("StateMachineName", name),
            json.dumps(properties["Definition"]),
            properties["RoleArn"],
        )

    StateMachine.create_from_cloudformation_json = classmethod(create)  # type: ignore[assignment]


def install() -> None:
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    for module in (jsonata, validations, string_expression):
        module.eval_jsonata_expression = evaluate  # type: ignore[attr-defined]
    for module in (resource_eval_s3, state_task_service_aws_sdk):
        module.boto_client_for = client_for  # type: ignore[attr-defined]
    parse_what_remains()
    run_in_batches()
    write_results()
    name_fields_as_aws()
    create_executable()
