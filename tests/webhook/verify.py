#!/usr/bin/env python3
"""Verifies a webhook with the library of Standard Webhooks. Standard input is JSON with `secret`,
`headers` and `body`, the exact text that the receiver gets. Prints the complete change in it."""

import base64
import json
import sys

from standardwebhooks import Webhook


def main() -> None:
    request = json.load(sys.stdin)
    body = Webhook(request["secret"]).verify(request["body"], request["headers"])
    document = body["data"]["document"]
    print(base64.urlsafe_b64decode(document + "=" * (-len(document) % 4)).decode())


if __name__ == "__main__":
    main()
