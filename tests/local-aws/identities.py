"""Says whose credentials a request has, and what they allow.

moto stores roles and policies and enforces little of them: it looks at neither conditions nor, for most
services, resources. The proxy between the functions and moto enforces them instead (tests/src/local/iam)
and asks here for the policies, as CloudFormation resolved them.
"""

import json
from typing import Any, Callable, Iterable

from moto.cloudformation.models import cloudformation_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.sns.models import sns_backends
from moto.sts.models import sts_backends

# No bucket has this name.
PATH = "/_trailseal/identity"

PARTITION = "aws"


def logical_ids(account: str) -> dict[str, str]:
    """The names in the templates of all deployed resources, by physical ID."""
    return {
        resource.physical_resource_id: name
        for backend in cloudformation_backends[account].values()
        for stack in list(backend.stacks.values())
        for name, resource in list(stack.resource_map._parsed_resources.items())
        if getattr(resource, "physical_resource_id", None)
    }


def identity(account: str, access_key: str) -> dict[str, Any] | None:
    """The role of temporary credentials, its policies, the keys that topics are encrypted with, and the
    keys of aliases.
    None if the credentials are not those of a role that exists."""
    session = sts_backends[account][PARTITION].get_assumed_role_from_access_key(access_key)
    roles = iam_backends[account][PARTITION].roles.values()
    role = next((role for role in roles if session and role.arn == session.role_arn), None)
    if session is None or role is None:
        return None
    names = logical_ids(account)
    of_role = names.get(role.name, role.name)
    own = [(of_role, document) for document in role.policies.values()]
    managed = [
        (names.get(policy.arn, policy.name), policy.versions[-1].document)
        for policy in role.managed_policies.values()
    ]
    return {
        "session": session.session_name,
        "role": of_role,
        "policies": [
            {"name": name, "document": json.loads(document) if isinstance(document, str) else document}
            for name, document in own + managed
        ],
        "topicKeys": {
            topic.arn: f"arn:{PARTITION}:kms:{region}:{account}:key/{topic.kms_master_key_id}"
            for region, backend in sns_backends[account].items()
            for topic in list(backend.topics.values())
            if topic.kms_master_key_id
        },
        "aliasKeys": {
            f"arn:{PARTITION}:kms:{region}:{account}:{alias}": key.arn
            for region, backend in kms_backends[account].items()
            for key in list(backend.keys.values())
            for alias in list(key.aliases)
        },
    }


class Identities:
    """Answers requests for PATH?ACCESS_KEY_ID, and passes all others on."""

    def __init__(self, application: Callable[..., Iterable[bytes]], account: str) -> None:
        self.application = application
        self.account = account

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            return self.application(environ, start_response)
        found = identity(self.account, environ["QUERY_STRING"])
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(found).encode()]
