#!/usr/bin/env python3
"""A local AWS: moto's server, with what Trailseal needs and moto lacks.

Prints one line, `listening on http://HOST:PORT`, once it accepts connections.

To import moto takes longer than most tests. A test program therefore starts one nursery
(`--nursery NAME`), which imports it once, and each local AWS through it (`--through NAME`): the
nursery forks, and the fork is the local AWS. It ends with the process that asked for it. NAME is
that of a socket in Linux's abstract namespace.
"""

import argparse
import copy
import datetime as dt
import functools
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Callable

# The time in seconds that a nursery takes to import moto on a busy machine.
NURSERY_READY_WITHIN = 90


def start_through_nursery() -> None:
    """Asks a nursery for a local AWS that prints into this process's output, and lives as long as
    this process."""
    at = sys.argv.index("--through")
    arguments = json.dumps(sys.argv[1:at] + sys.argv[at + 2 :])
    deadline = time.monotonic() + NURSERY_READY_WITHIN
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect("\0" + sys.argv[at + 1])
            break
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                sys.exit(f"no nursery {sys.argv[at + 1]}: run {__file__} --nursery x to see why")
            time.sleep(0.05)
    socket.send_fds(connection, [arguments.encode()], [1, 2])
    connection.recv(1)
    sys.exit("the local AWS ended")


if "--through" in sys.argv:
    start_through_nursery()  # before everything that takes long

# moto reads both: the account of every request, and whether a function's code archive must exist in
# S3 (here the functions run outside of moto, so there is none).
os.environ.setdefault("MOTO_ACCOUNT_ID", "111122223333")
os.environ.setdefault("VALIDATE_LAMBDA_S3", "false")

import flask  # noqa: E402
from cryptography.exceptions import InvalidSignature  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: E402
import identities  # noqa: E402
import stacks  # noqa: E402
import state_machines  # noqa: E402
from moto import backends  # noqa: E402
from moto.cloudformation import parsing, responses  # noqa: E402
from moto.cloudformation.models import CloudFormationBackend  # noqa: E402
from moto.cloudtrail.responses import CloudTrailResponse  # noqa: E402
from moto.core.exceptions import JsonRESTError  # noqa: E402
from moto.events.models import events_backends  # noqa: E402
from moto.kms import models as kms_models  # noqa: E402
from moto.kms import utils as kms_utils  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3 import models as s3_models  # noqa: E402
from moto.s3 import notifications  # noqa: E402
from moto.s3.models import S3Backend  # noqa: E402
from moto.s3.responses import S3Response  # noqa: E402
from moto.sqs.models import Queue  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

Event = notifications.S3NotificationEvent


# --- CloudTrail ListPublicKeys -------------------------------------------------------------------


def epoch(value: float | int | str) -> float:
    """Seconds since 1970 of a number or an ISO 8601 time (UTC where it names no zone)."""
    if isinstance(value, (int, float)):
        return float(value)
    moment = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)).timestamp()


def add_list_public_keys(keys_file: Path) -> None:
    """Answers ListPublicKeys as AWS does: the keys of the request's Region whose validity overlaps
    the asked time range. A bound that is not given is the current time. The file is read at each
    call, so that a test can rotate keys while the server runs.
    """

    def list_public_keys(self: CloudTrailResponse) -> str:
        now = time.time()
        start = self._get_param("StartTime")
        end = self._get_param("EndTime")
        start = now if start is None else epoch(start)
        end = now if end is None else epoch(end)
        if start > end:
            raise JsonRESTError(
                "InvalidTimeRangeException", "StartTime must not be later than EndTime."
            )
        keys = [
            key
            | {
                "ValidityStartTime": epoch(key["ValidityStartTime"]),
                "ValidityEndTime": epoch(key["ValidityEndTime"]),
            }
            for key in json.loads(keys_file.read_text()).get(self.region, [])
        ]
        overlapping = [
            key
            for key in keys
            if key["ValidityStartTime"] <= end and key["ValidityEndTime"] >= start
        ]
        return json.dumps({"PublicKeyList": overlapping})

    CloudTrailResponse.list_public_keys = list_public_keys  # type: ignore[attr-defined]


# --- S3 events through EventBridge ---------------------------------------------------------------

# (detail-type, reason, deletion-type) as AWS writes them; moto's own values differ.
DETAILS: dict[str, tuple[str, str, str | None]] = {
    Event.OBJECT_CREATED_PUT_EVENT: ("Object Created", "PutObject", None),
    Event.OBJECT_CREATED_POST_EVENT: ("Object Created", "POST Object", None),
    Event.OBJECT_CREATED_COPY_EVENT: ("Object Created", "CopyObject", None),
    Event.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT: (
        "Object Created",
        "CompleteMultipartUpload",
        None,
    ),
    Event.OBJECT_REMOVED_DELETE_EVENT: ("Object Deleted", "DeleteObject", "Permanently Deleted"),
    Event.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT: (
        "Object Deleted",
        "DeleteObject",
        "Delete Marker Created",
    ),
    Event.LIFECYCLEEXPIRATION_DELETE_EVENT: (
        "Object Deleted",
        "Lifecycle Expiration",
        "Permanently Deleted",
    ),
    Event.LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED_EVENT: (
        "Object Deleted",
        "Lifecycle Expiration",
        "Delete Marker Created",
    ),
}


# The header with which a test makes a request as a service of AWS.
REQUESTER = "x-trailseal-requester"


def requester_of(account_id: str) -> tuple[str, str]:
    """Who makes the current request, and from where: a service where the request says so, otherwise
    the account.
    """
    service = flask.request.headers.get(REQUESTER) if flask.has_request_context() else None
    return (service, service) if service else (account_id, "192.0.2.10")


def send_event_bridge_message(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
    """Puts an S3 event on the default bus of the bucket's Region, in the shape AWS documents:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    if event_name not in DETAILS:
        return
    detail_type, reason, deletion_type = DETAILS[event_name]
    # A delete marker has neither content nor an entity tag.
    content = key if hasattr(key, "etag") else None
    obj: dict[str, Any] = {"key": key.name}
    if detail_type == "Object Created" and content:
        obj["size"] = content.size
    if content:
        obj["etag"] = content.etag.strip('"')
    if bucket.is_versioned:
        obj["version-id"] = key.version_id
    obj["sequencer"] = f"00{time.time_ns():016X}"
    requester, address = requester_of(account_id)
    if reason == "Lifecycle Expiration":
        requester, address = "s3.amazonaws.com", None
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": obj,
        "request-id": os.urandom(8).hex().upper(),
        "requester": requester,
        "reason": reason,
    }
    if address:
        detail["source-ip-address"] = address
    if deletion_type:
        detail["deletion-type"] = deletion_type
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": account_id,
        "time": time.time(),  # moto writes it as ISO 8601 when it delivers the event
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
    }
    bus = events_backends[account_id][bucket.region_name].event_buses["default"]
    for rule in list(bus.rules.values()):
        # A rule with a schedule has no pattern, and gets no events. moto gives it all of them.
        if rule.state == "ENABLED" and rule.event_pattern.get_pattern():
            rule.send_to_targets(event, transform_input=False)


def send_events_about_deletions() -> None:
    """Sends the events that moto leaves out: a delete marker was created, a version was deleted
    permanently while others remain, or a lifecycle rule did either. A test names the rule as the
    requester.
    """
    delete = S3Backend.delete_object

    def delete_object(
        self: S3Backend,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        bypass: bool = False,
    ) -> tuple[bool, dict[str, Any]]:
        bucket = self.get_bucket(bucket_name)
        before = list(bucket.keys.getlist(key_name, []))
        expires = requester_of("")[0] == "s3.amazonaws.com"
        configuration = bucket.notification_configuration
        bucket.notification_configuration = None  # moto sends an event about some deletions
        try:
            done, meta = delete(self, bucket_name, key_name, version_id, bypass)
        finally:
            bucket.notification_configuration = configuration
        after = list(bucket.keys.getlist(key_name, []))
        if added := [key for key in after if key not in before]:
            event = (
                Event.LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED_EVENT
                if expires
                else Event.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
            )
            notifications.send_event(self.account_id, event, bucket, added[-1])
        elif removed := [key for key in before if key not in after]:
            event = (
                Event.LIFECYCLEEXPIRATION_DELETE_EVENT
                if expires
                else Event.OBJECT_REMOVED_DELETE_EVENT
            )
            notifications.send_event(self.account_id, event, bucket, removed[-1])
        return done, meta

    S3Backend.delete_object = delete_object  # type: ignore[method-assign]


def list_versions_of_few_keys() -> None:
    """Lists the versions below a prefix without a copy of everything else in the bucket, which takes
    moto most of the time in a large one.
    """
    list_versions = S3Backend.list_object_versions

    class OneBucket:
        def __init__(self, bucket: Any) -> None:
            self.bucket = bucket

        def get_bucket(self, _name: str) -> Any:
            return self.bucket

    def list_object_versions(self: S3Backend, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
        bucket = copy.copy(self.get_bucket(bucket_name))
        prefix = kwargs.get("prefix") or ""
        keys = type(bucket.keys)()
        for name, versions in list(bucket.keys.iterlists()):
            if name.startswith(prefix):
                keys.setlist(name, versions)
        bucket.keys = keys
        return list_versions(OneBucket(bucket), bucket_name, *args, **kwargs)  # type: ignore[arg-type]

    S3Backend.list_object_versions = list_object_versions  # type: ignore[method-assign]


def answer_bucket_settings_as_s3_does() -> None:
    """Answers requests for a bucket's notifications and versioning as S3 does: moto leaves out the
    switch for EventBridge, sends nothing if there are no notifications, and names a root element
    differently."""
    notification = S3Response.get_bucket_notification
    versioning = S3Response.get_bucket_versioning

    def answer(response: Any, change: Callable[[str], str]) -> Any:
        if not isinstance(response, tuple):
            return change(response.decode() if isinstance(response, bytes) else response)
        status, headers, body = response
        headers.pop("Content-Length", None)
        return status, headers, change(body.decode() if isinstance(body, bytes) else body)

    def get_bucket_notification(self: S3Response) -> Any:
        known = self.backend.get_bucket_notification_configuration(self.bucket_name)
        bridge = "<EventBridgeConfiguration/>" if known and known.event_bridge is not None else ""

        def change(text: str) -> str:
            if "</" not in text:
                text = "<NotificationConfiguration></NotificationConfiguration>"
            end = text.rindex("</")
            return text[:end] + bridge + text[end:]

        return answer(notification(self), change)

    def get_bucket_versioning(self: S3Response) -> Any:
        names = ("GetBucketVersioningResponse", "VersioningConfiguration")
        return answer(versioning(self), lambda text: text.replace(*names))

    S3Response.get_bucket_notification = get_bucket_notification  # type: ignore[method-assign]
    S3Response.get_bucket_versioning = get_bucket_versioning  # type: ignore[method-assign]


# --- KMS -----------------------------------------------------------------------------------------

ED25519_SPEC = "ECC_NIST_EDWARDS25519"
ED25519_ALGORITHM = "ED25519_SHA_512"


class Ed25519Key(kms_utils.AbstractPrivateKey):
    """A key of the spec ECC_NIST_EDWARDS25519.
    https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html"""

    def __init__(self) -> None:
        self.private_key = ed25519.Ed25519PrivateKey.generate()

    def sign(self, message: bytes, signing_algorithm: str) -> bytes:
        kms_utils.validate_signing_algorithm(signing_algorithm, [ED25519_ALGORITHM])
        return self.private_key.sign(message)

    def verify(self, message: bytes, signature: bytes, signing_algorithm: str) -> bool:
        kms_utils.validate_signing_algorithm(signing_algorithm, [ED25519_ALGORITHM])
        try:
            self.private_key.public_key().verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def public_key(self) -> bytes:
        return self.private_key.public_key().public_bytes(
            encoding=serialization.Encoding.DER,
            format=serialization.PublicFormat.SubjectPublicKeyInfo,
        )


def add_ed25519_keys() -> None:
    """Adds keys that sign with Ed25519, and lets CloudFormation create asymmetric keys, which moto
    creates as symmetric ones."""
    generate = kms_models.generate_private_key
    specs = kms_utils.KeySpec.key_specs
    algorithms = kms_models.Key.signing_algorithms.fget  # type: ignore[attr-defined]
    create = kms_models.Key.create_from_cloudformation_json

    def generate_private_key(key_spec: str) -> Any:
        return Ed25519Key() if key_spec == ED25519_SPEC else generate(key_spec)

    def signing_algorithms(self: Any) -> Any:
        return [ED25519_ALGORITHM] if self.key_spec == ED25519_SPEC else algorithms(self)

    def create_from_cloudformation_json(
        cls: Any, name: str, resource: Any, account_id: str, region_name: str, **rest: Any
    ) -> Any:
        properties = resource["Properties"]
        if "KeySpec" not in properties:
            return create(name, resource, account_id, region_name, **rest)
        return kms_models.kms_backends[account_id][region_name].create_key(
            policy=properties["KeyPolicy"],
            key_usage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
            key_spec=properties["KeySpec"],
            description=properties.get("Description"),
            tags=properties.get("Tags", []),
        )

    kms_models.generate_private_key = generate_private_key
    kms_utils.KeySpec.key_specs = classmethod(  # type: ignore[method-assign,assignment]
        lambda cls: [*specs(), ED25519_SPEC]
    )
    kms_models.Key.signing_algorithms = property(signing_algorithms)  # type: ignore[assignment,method-assign]
    kms_models.Key.create_from_cloudformation_json = classmethod(  # type: ignore[method-assign,assignment]
        create_from_cloudformation_json
    )


# --- CloudFormation ------------------------------------------------------------------------------


def lock_buckets_of_templates() -> None:
    """Enables Object Lock for a bucket whose template asks for it, which moto leaves out."""
    create = s3_models.FakeBucket.create_from_cloudformation_json

    def create_from_cloudformation_json(
        cls: Any, name: str, resource: Any, account_id: str, region_name: str, **rest: Any
    ) -> Any:
        bucket = create(name, resource, account_id, region_name, **rest)
        lock = resource["Properties"].get("ObjectLockConfiguration") or {}
        if lock.get("ObjectLockEnabled") == "Enabled":
            bucket.object_lock_enabled = True
            bucket.versioning_status = "Enabled"
        return bucket

    s3_models.FakeBucket.create_from_cloudformation_json = classmethod(  # type: ignore[method-assign,assignment]
        create_from_cloudformation_json
    )


def drop_no_value_from_lists() -> None:
    """Leaves `AWS::NoValue` out of lists, as CloudFormation does; moto does so in mappings only."""
    resolve = parsing.clean_json

    def clean_json(resource_json: Any, resources_map: Any) -> Any:
        if isinstance(resource_json, list):
            items = (clean_json(item, resources_map) for item in resource_json)
            return [item for item in items if item is not None]
        return resolve(resource_json, resources_map)

    parsing.clean_json = clean_json  # moto's own recursion finds this one too


def read_templates_of_this_server() -> None:
    """Reads a template from the URL that the AWS CLI makes of the server's own address. moto takes the
    name of any host but localhost for that of a bucket."""
    read = responses.get_stack_from_s3_url

    def get_stack_from_s3_url(template_url: str, *args: Any, **kwargs: Any) -> str:
        return read(template_url.replace("//127.0.0.1:", "//localhost:"), *args, **kwargs)

    responses.get_stack_from_s3_url = get_stack_from_s3_url


def expand_serverless_templates() -> None:
    """Expands templates with the transform of AWS SAM, as CloudFormation does; moto knows none of its
    resources."""

    def expanding(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(self: CloudFormationBackend, *args: Any, **kwargs: Any) -> Any:
            source = kwargs.get("template")
            if isinstance(source, str) and "AWS::Serverless-2016-10-31" in source:
                # Imported here: most local AWS get a template that is expanded already.
                os.environ["AWS_DEFAULT_REGION"] = self.region_name
                from samtranslator.yaml_helper import yaml_parse
                from translate import translate

                kwargs["template"] = json.dumps(translate(yaml_parse(source)))
            return method(self, *args, **kwargs)

        return call

    for name in ("create_stack", "create_change_set", "update_stack"):
        setattr(CloudFormationBackend, name, expanding(getattr(CloudFormationBackend, name)))


# --- Start ---------------------------------------------------------------------------------------


def remember_services() -> None:
    """Keeps moto from listing its own folder, and from trying the patterns of all services, at each
    request."""
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    find = DomainDispatcherApplication.get_backend_for_host
    DomainDispatcherApplication.get_backend_for_host = functools.cache(find)  # type: ignore[method-assign]


def leave_queues_alone() -> None:
    """Keeps moto from invoking functions by itself (in Docker) for messages that arrive in a queue.
    Event source mappings are still stored and listed; whoever runs the functions polls the queues.
    """
    Queue.lambda_event_source_mappings = property(  # type: ignore[assignment]
        lambda _self: {}, lambda _self, _value: None
    )


def exit_with(descriptor: int) -> None:
    """Ends the server when a descriptor is closed at its other end, so that it never outlives
    whoever holds it."""

    def wait() -> None:
        while os.read(descriptor, 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def run_nursery(name: str) -> None:
    """Forks for each connection, which brings the arguments and the output of a local AWS."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0" + name)
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while True:
        connection, _ = listener.accept()
        message, output, _, _ = socket.recv_fds(connection, 65536, 2)
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for copy, number in zip(output, (1, 2)):
                os.dup2(copy, number)
                os.close(copy)
            exit_with(connection.fileno())
            serve(parse(json.loads(message)))
            os._exit(0)
        for copy in output:
            os.close(copy)
        connection.close()


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--public-keys",
        type=Path,
        required=True,
        metavar="FILE",
        help='JSON, {REGION: [{"Value", "ValidityStartTime", "ValidityEndTime", "Fingerprint"}]}',
    )
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when stdin is closed")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    return parser.parse_args(arguments)


def serve(args: argparse.Namespace) -> None:
    logging.getLogger("werkzeug").setLevel(logging.INFO if args.verbose else logging.ERROR)
    add_list_public_keys(args.public_keys)
    notifications._send_event_bridge_message = send_event_bridge_message
    send_events_about_deletions()
    list_versions_of_few_keys()
    leave_queues_alone()
    remember_services()
    drop_no_value_from_lists()
    lock_buckets_of_templates()
    read_templates_of_this_server()
    expand_serverless_templates()
    state_machines.install()
    stacks.install()
    answer_bucket_settings_as_s3_does()
    add_ed25519_keys()
    if args.exit_with_stdin:
        exit_with(0)

    server = make_server(
        args.host,
        args.port,
        identities.Identities(
            DomainDispatcherApplication(create_backend_app), os.environ["MOTO_ACCOUNT_ID"]
        ),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    os.environ["MOTO_PORT"] = str(server.port)
    print(f"listening on http://{args.host}:{server.port}", flush=True)
    server.serve_forever()


def main() -> None:
    if sys.argv[1:2] == ["--nursery"]:
        run_nursery(sys.argv[2])
    else:
        serve(parse(sys.argv[1:]))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
