#!/usr/bin/env python3
"""Fills the corpus of each fuzz target with valid examples, from which libFuzzer makes others.

  seeds.py TRAIL_DIRECTORY CORPUS_DIRECTORY

The examples are a generated trail (`trail --dir`), the JSON of the documentation, and the sample events.
"""

import gzip
import hashlib
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# libFuzzer makes inputs of up to 4 KiB, or as large as the largest example.
LARGEST = 16 * 1024


def documented():
    """The JSON blocks of the documentation, on one line each."""
    for page in sorted((ROOT / "docs").glob("*.md")):
        for block in re.findall(r"^ *```json\n(.*?)^ *```", page.read_text(), re.S | re.M):
            try:
                yield json.dumps(json.loads(block), separators=(",", ":"), ensure_ascii=False).encode()
            except ValueError:
                # An excerpt with an ellipsis.
                continue


def events():
    for path in sorted((ROOT / "events").glob("*.json")):
        yield path.read_bytes()


def bodies():
    """The messages of queues in the sample events."""
    for event in events():
        for record in json.loads(event).get("Records", []):
            if isinstance(record, dict) and isinstance(record.get("body"), str):
                yield record["body"].encode()


def trail(folder):
    """The files of a trail: digests, and log files, as they are in S3."""
    paths = sorted(path for path in folder.rglob("*.json.gz") if path.is_file())
    digests = [path for path in paths if "CloudTrail-Digest" in path.parts]
    logs = [path for path in paths if "CloudTrail" in path.parts]
    return digests, logs


def records(logs):
    for path in logs:
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            yield json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()


def pending():
    """Documents of pending deliveries, each after a line with its name."""
    folder = "pending/111122223333/us-east-1/management-events/0123456789abcdef/"
    log = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T0005Z_"
    for count in (0, 1, 3):
        deliveries = [
            {"key": f"{log}{number:016}.json.gz", "eventId": f"event-{number}", "time": f"2026-01-15T00:0{number}:00Z"}
            for number in range(count)
        ]
        document = {
            "schema": "trailseal.pending/1",
            "bucket": "amzn-s3-demo-bucket",
            "recordedIn": f"s3://amzn-s3-demo-bucket/{log}recorded.json.gz",
            "deliveries": deliveries,
        }
        for name in (f"{folder}20260115T000000Z_0123456789abcdef.json", "x"):
            yield f"{name}\n{json.dumps(document)}".encode()


def key_policies():
    """Key policies with the conditions that Trailseal reads."""
    for condition in (
        {},
        {"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events"}},
        {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*"}},
    ):
        statement = {
            "Sid": "AllowCloudTrail",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": condition,
        }
        yield json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()


def seeds(folder):
    digests, logs = trail(folder)
    names = [str(path.relative_to(folder)).encode() for path in digests[:20] + logs[:20]]
    documents = list(documented())
    inflated = [gzip.decompress(path.read_bytes()) for path in digests[:20]]
    some = list(records(logs[:40]))
    of_kms = [record for record in some if b"kms.amazonaws.com" in record]
    by_schema = {}
    for document in documents:
        schema = re.search(rb'"schema":"trailseal\.([a-z-]+)/', document)
        by_schema.setdefault(schema and schema.group(1).decode(), []).append(document)
    heads, receipts = by_schema.get("chain", []), by_schema.get("receipt", [])
    receipts.append(b'{"schema":"trailseal.receipts/1","receipts":[%s]}' % b",".join(receipts))
    return {
        "baseline": by_schema.get("baseline", []),
        "digest": inflated,
        "event": [*events(), *bodies()],
        "evidence_log": documents,
        "findings_message": [*bodies(), *documents],
        "key_policy": list(key_policies()),
        "kms_event": of_kms[:100],
        "log_file": [path.read_bytes() for path in logs[:20]],
        "object_key": names,
        "pending": list(pending()),
        "public_keys": [path.read_bytes() for path in folder.glob("*.json")],
        "receipt": [head + b"\n" + receipt for head in heads for receipt in receipts],
        "records": [path.read_bytes() for path in logs[:20]],
        "saved_files": [*documents, *(path.read_bytes() for path in folder.glob("*.json"))],
        "watch": [*bodies(), *documents, b'{"watch":{}}', b'{"secondLook":{"after":"incidents/1.json","open":1}}'],
    }


def main():
    folder, corpus = (pathlib.Path(argument) for argument in sys.argv[1:3])
    targets = {path.stem for path in (ROOT / "fuzz" / "targets").glob("*.rs")}
    found = seeds(folder)
    if missing := targets ^ found.keys():
        sys.exit(f"fuzz/seeds.py and fuzz/targets/ differ: {sorted(missing)}")
    for target, examples in found.items():
        examples = [example for example in examples if len(example) <= LARGEST]
        if not examples:
            sys.exit(f"there is no example for {target}")
        into = corpus / target
        into.mkdir(parents=True, exist_ok=True)
        for example in examples:
            (into / hashlib.sha256(example).hexdigest()[:16]).write_bytes(example)
        print(f"{target}: {len(examples)} examples")


if __name__ == "__main__":
    main()
