"""What moto's CloudFormation leaves out of a stack, and what its services say about the parts.

The policies of queues and buckets, the settings of buckets and the managed policies of roles are
created as the template has them. `trailseal doctor` reads them. Resources that moto creates by request
only are created for a template, too.
"""

import json
from typing import Any, Callable, NamedTuple

from moto.cloudformation import models as cloudformation_models
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.core.responses import ActionResult
from moto.events.models import events_backends
from moto.iam import models as iam_models
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.kms.models import KmsBackend
from moto.s3 import models as s3_models
from moto.scheduler.models import scheduler_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sqs.models import sqs_backends
from moto.sqs.responses import SQSResponse
from moto.utilities.utils import get_partition


class Resource(NamedTuple):
    """What is created for a resource of a template: its physical ID and, if it has one, its ARN."""

    physical_id: str
    arn: str = ""


def model(
    kind: str,
    service: str,
    create: Callable[[str, dict[str, Any], str, str], Resource],
    name_property: str = "",
) -> type[CloudFormationModel]:
    """Lets moto create the resources of a kind that its CloudFormation does not know. `create` gets
    the name of a resource, its properties, the account and the Region."""

    def initialize(self: Any, resource: Resource) -> None:
        self.physical_resource_id, self.arn = resource

    def create_from_cloudformation_json(
        cls: Any, name: str, resource: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        return cls(create(name, resource.get("Properties", {}), account_id, region_name))

    methods = {
        # moto takes the service from it.
        "__module__": f"moto.{service}.stacks",
        "__init__": initialize,
        "cloudformation_name_type": staticmethod(lambda: name_property),
        "cloudformation_type": staticmethod(lambda: kind),
        "has_cfn_attr": classmethod(lambda _cls, attribute: attribute == "Arn"),
        "get_cfn_attribute": lambda self, _attribute: self.arn,
        "create_from_cloudformation_json": classmethod(create_from_cloudformation_json),
    }
    # moto finds the direct subclasses of its model.
    return type(CloudFormationModel)(kind.replace("::", ""), (CloudFormationModel,), methods)


def create_queue_policy(name: str, properties: Any, account_id: str, region: str) -> Resource:
    backend = sqs_backends[account_id][region]
    for url in properties["Queues"]:
        queue = backend.get_queue(url.rsplit("/", 1)[-1])
        queue.policy = json.dumps(properties["PolicyDocument"])
    return Resource(name)


def create_bucket_policy(name: str, properties: Any, account_id: str, region: str) -> Resource:
    backend = s3_models.s3_backends[account_id][get_partition(region)]
    policy = json.dumps(properties["PolicyDocument"])
    backend.put_bucket_policy(properties["Bucket"], policy.encode())
    return Resource(name)


def create_alarm(name: str, _properties: Any, account_id: str, region: str) -> Resource:
    """An alarm that has an ARN, which the dashboard names, and nothing else."""
    partition = get_partition(region)
    return Resource(name, f"arn:{partition}:cloudwatch:{region}:{account_id}:alarm:{name}")


def create_connection(name: str, properties: Any, account_id: str, region: str) -> Resource:
    connection = events_backends[account_id][region].create_connection(
        name=name,
        description=properties["Description"],
        authorization_type=properties["AuthorizationType"],
        auth_parameters=properties["AuthParameters"],
    )
    return Resource(connection.arn, connection.arn)


def create_api_destination(name: str, properties: Any, account_id: str, region: str) -> Resource:
    destination = events_backends[account_id][region].create_api_destination(
        name=name,
        description=properties["Description"],
        connection_arn=properties["ConnectionArn"],
        invocation_endpoint=properties["InvocationEndpoint"],
        invocation_rate_limit_per_second=properties["InvocationRateLimitPerSecond"],
        http_method=properties["HttpMethod"],
    )
    return Resource(destination["ApiDestinationArn"], destination["ApiDestinationArn"])


def create_schedule(name: str, properties: Any, account_id: str, region: str) -> Resource:
    schedule = scheduler_backends[account_id][region].create_schedule(
        name=name,
        description=properties["Description"],
        schedule_expression=properties["ScheduleExpression"],
        flexible_time_window=properties["FlexibleTimeWindow"],
        target=properties["Target"],
        state=properties["State"],
        group_name="",
        schedule_expression_timezone=None,
        start_date=None,
        end_date=None,
        kms_key_arn=None,
        action_after_completion=None,
    )
    return Resource(name, schedule.arn)


def create_secret(name: str, properties: Any, account_id: str, region: str) -> Resource:
    """A secret that Secrets Manager generates."""
    generated = properties["GenerateSecretString"]
    backend = secretsmanager_backends[account_id][region]
    password = backend.get_random_password(
        password_length=int(generated["PasswordLength"]),
        exclude_characters="",
        exclude_numbers=False,
        exclude_punctuation=bool(generated["ExcludePunctuation"]),
        exclude_uppercase=False,
        exclude_lowercase=False,
        include_space=False,
        require_each_included_type=True,
    )
    secret = backend.create_secret(
        name=name,
        secret_string=json.loads(password)["RandomPassword"],
        secret_binary=None,
        description=properties["Description"],
        tags=None,
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    arn = json.loads(secret)["ARN"]
    return Resource(arn, arn)


# Python forgets a class that nothing refers to.
MODELS = [
    model("AWS::SQS::QueuePolicy", "sqs", create_queue_policy),
    model("AWS::S3::BucketPolicy", "s3", create_bucket_policy),
    model("AWS::CloudWatch::Alarm", "cloudwatch", create_alarm, "AlarmName"),
    model("AWS::Events::Connection", "events", create_connection, "Name"),
    model("AWS::Events::ApiDestination", "events", create_api_destination, "Name"),
    model("AWS::Scheduler::Schedule", "scheduler", create_schedule, "Name"),
    model("AWS::SecretsManager::Secret", "secretsmanager", create_secret, "Name"),
]


def find_models() -> None:
    """Lets moto find the models above: it looks for them once."""
    for cached in (parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def create_buckets_with_settings() -> None:
    """Versioning and Block Public Access of a bucket."""
    create = s3_models.FakeBucket.create_from_cloudformation_json

    def create_from_cloudformation_json(
        cls: Any, name: str, resource: Any, account_id: str, region_name: str, **rest: Any
    ) -> Any:
        bucket = create(name, resource, account_id, region_name, **rest)
        properties = resource["Properties"]
        if versioning := properties.get("VersioningConfiguration"):
            bucket.versioning_status = versioning["Status"]
        if block := properties.get("PublicAccessBlockConfiguration"):
            backend = s3_models.s3_backends[account_id][get_partition(region_name)]
            on = {name: str(value).lower() for name, value in block.items()}
            backend.put_public_access_block(bucket.name, on)
        return bucket

    s3_models.FakeBucket.create_from_cloudformation_json = classmethod(  # type: ignore[method-assign,assignment]
        create_from_cloudformation_json
    )


def create_roles_with_policies() -> None:
    """The inline policies of a role are JSON, and its managed policies are attached."""
    create = iam_models.Role.create_from_cloudformation_json

    def create_from_cloudformation_json(
        cls: Any, name: str, resource: Any, account_id: str, region_name: str, **rest: Any
    ) -> Any:
        role = create(name, resource, account_id, region_name, **rest)
        for policy, document in list(role.policies.items()):
            if not isinstance(document, str):
                role.put_policy(policy, json.dumps(document))
        backend = iam_models.iam_backends[account_id][get_partition(region_name)]
        for arn in resource["Properties"].get("ManagedPolicyArns", []):
            backend.attach_role_policy(arn, role.name)
        return role

    iam_models.Role.create_from_cloudformation_json = classmethod(  # type: ignore[method-assign,assignment]
        create_from_cloudformation_json
    )
    delete = iam_models.IAMBackend.delete_role

    def delete_role(self: iam_models.IAMBackend, role_name: str) -> None:
        role = self.get_role(role_name)
        # CloudFormation detaches what it attached.
        for arn in list(role.managed_policies):
            self.detach_role_policy(arn, role_name)
        delete(self, role_name)

    iam_models.IAMBackend.delete_role = delete_role  # type: ignore[method-assign]


def create_keys_with_json_policies() -> None:
    """The policy of a key of a template is JSON, as KMS stores it."""
    create = KmsBackend.create_key

    def create_key(self: KmsBackend, policy: Any, *args: Any, **kwargs: Any) -> Any:
        text = policy if policy is None or isinstance(policy, str) else json.dumps(policy)
        return create(self, text, *args, **kwargs)

    KmsBackend.create_key = create_key  # type: ignore[method-assign]


def describe_lists_of_parameters() -> None:
    """The value of a parameter that is a list is one text, separated by commas."""
    stack = cloudformation_models.Stack
    describe = stack.parameter_list.fget  # type: ignore[attr-defined]

    def parameter_list(self: Any) -> list[dict[str, Any]]:
        def text(value: Any) -> Any:
            return ",".join(value) if isinstance(value, list) else value

        return [
            parameter | {"ParameterValue": text(parameter["ParameterValue"])}
            for parameter in describe(self)
        ]

    stack.parameter_list = property(parameter_list)  # type: ignore[assignment,method-assign]


def leave_conditions_alone() -> None:
    """Keeps moto from applying the statements of a bucket policy that have conditions, which it does
    not evaluate."""
    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        statements = policy["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        without = [it for it in statements if not it.get("Condition")]
        document = json.dumps(policy | {"Statement": without})
        return IAMPolicy(document).is_action_permitted(action, resource)

    s3_models.FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def move_messages() -> None:
    """Answers StartMessageMoveTask, which moto lacks: moves the messages of a dead-letter queue at
    once, and not in the background as SQS does."""

    def start_message_move_task(self: SQSResponse) -> ActionResult:
        def name(parameter: str) -> str:
            return self._get_param(parameter).rsplit(":", 1)[-1]

        source = self.sqs_backend.get_queue(name("SourceArn"))
        messages, source._messages = source._messages, []
        for message in messages:
            self.sqs_backend.send_message(
                name("DestinationArn"), message.body, message.message_attributes
            )
        return ActionResult({"TaskHandle": name("SourceArn")})

    SQSResponse.start_message_move_task = start_message_move_task  # type: ignore[attr-defined]


def install() -> None:
    """Adds everything above to moto."""
    find_models()
    create_buckets_with_settings()
    create_roles_with_policies()
    create_keys_with_json_policies()
    describe_lists_of_parameters()
    leave_conditions_alone()
    move_messages()
