#!/usr/bin/env python3
"""Verifies a proof of `trailseal evidence prove`, without Trailseal and without a network.

    python3 verify_evidence_proof.py PROOF.json --key 'NAME+ID+KEY'

`--key` is the public key of the evidence log, from a source that you trust. The program needs
Python 3 alone. It follows these documents:

- https://c2sp.org/tlog-proof, https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note
- RFC 6962, section 2.1 (Merkle trees), and RFC 9162, section 2.1.3.2 (verification of a path)
- RFC 8032, section 6 (Ed25519): the code at the end

It exits with 0 if everything verifies, and with 1 otherwise.
"""

import argparse
import base64
import hashlib
import json
import sys


class Wrong(Exception):
    """The proof does not verify."""


def decode(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Wrong(f"`{text[:80]}` is not base64") from error


# --- Keys and signed notes -------------------------------------------------------------------------


def read_key(text):
    """Returns the name, the ID and the 32 bytes of a key of the form NAME+ID+KEY."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise Wrong("a key has the form NAME+ID+KEY")
    name, key_id, key = parts[0], parts[1], decode(parts[2])
    if len(key) != 33 or key[0] != 1:
        raise Wrong("the key is not the Ed25519 key of a log")
    expected = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if expected.hex() != key_id:
        raise Wrong("the ID of the key is not that of its name and bytes")
    return name, expected, key[1:]


def read_checkpoint(note, key):
    """Verifies the signature of a checkpoint. Returns the size and the root of the tree."""
    name, key_id, public = read_key(key)
    text, separator, signatures = note.rpartition("\n\n")
    if not separator:
        raise Wrong("the checkpoint has no signature")
    text += "\n"
    lines = text.split("\n")
    if len(lines) < 4 or lines[0] != name:
        raise Wrong(f"the checkpoint is not one of the log {name}")
    for line in signatures.splitlines():
        if not line.startswith("\u2014 "):
            raise Wrong("a line of the checkpoint is not a signature")
        signer, _, signature = line[2:].partition(" ")
        signature = decode(signature)
        if signer == name and signature[:4] == key_id:
            if not is_signature(public, text.encode(), signature[4:]):
                raise Wrong("the signature of the checkpoint is wrong")
            return int(lines[1]), decode(lines[2])
    raise Wrong("the key did not sign the checkpoint")


# --- The Merkle tree -------------------------------------------------------------------------------


def root_of(index, size, entry, path):
    """Returns the root that a path of hashes leads to, from an entry of a tree of `size` entries."""
    if not 0 <= index < size:
        raise Wrong(f"the tree has no entry {index}")
    number, last = index, size - 1
    root = hashlib.sha256(b"\0" + entry).digest()
    for node in path:
        if last == 0:
            raise Wrong("the path is too long")
        if number & 1 or number == last:
            root = hashlib.sha256(b"\1" + node + root).digest()
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            root = hashlib.sha256(b"\1" + root + node).digest()
        number >>= 1
        last >>= 1
    if last != 0:
        raise Wrong("the path is too short")
    return root


def verify(document, key):
    """Verifies that a document is in the log. Returns the size of the tree."""
    path, separator, checkpoint = document["proof"].partition("\n\n")
    if not separator:
        raise Wrong("the proof has no checkpoint")
    size, root = read_checkpoint(checkpoint, key)
    lines = path.split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Wrong("the proof is not a tlog-proof, version 1")
    if lines and lines[0].startswith("extra "):
        lines.pop(0)
    if not lines or not lines[0].startswith("index "):
        raise Wrong("the proof has no number of an entry")
    index = int(lines.pop(0)[len("index ") :])
    entry = document["entry"].encode()
    if root_of(index, size, entry, [decode(line) for line in lines]) != root:
        raise Wrong("the entry is not in the log of the checkpoint")
    logged = json.loads(entry)
    content = hashlib.sha256(document["document"].encode()).hexdigest()
    if logged.get("type") != "document" or logged["key"] != document["key"]:
        raise Wrong("the entry is not about this document")
    if logged["sha256"] != content:
        raise Wrong("the document is not the one that the log names")
    return size


# --- Ed25519, from RFC 8032, section 6 --------------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(number, point):
    result = (0, 1, 1, 0)
    while number > 0:
        if number & 1:
            result = add(result, point)
        point = add(point, point)
        number >>= 1
    return result


def is_equal(one, other):
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (
        one[1] * other[2] - other[1] * one[2]
    ) % P == 0


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    if square % P == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P != 0:
        return None
    return P - x if x & 1 != sign else x


def point_of(text):
    y = int.from_bytes(text, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def is_signature(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    key, r = point_of(public), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= Q:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    h = int.from_bytes(digest, "little") % Q
    return is_equal(multiply(s, BASE), add(r, multiply(h, key)))


def main():
    parser = argparse.ArgumentParser(description="Verifies a proof of `trailseal evidence prove`.")
    parser.add_argument("proof", help="the file")
    parser.add_argument("--key", required=True, help="the public key of the evidence log")
    arguments = parser.parse_args()
    try:
        with open(arguments.proof, encoding="utf-8") as file:
            proof = json.load(file)
        if proof["schema"] != "trailseal.evidence-proof/1" or not proof["documents"]:
            raise Wrong("the file is not a proof of the evidence log")
        for document in proof["documents"]:
            size = verify(document, arguments.key)
            print(f"valid: {document['key']} is in the log of {size} entries")
    except (Wrong, KeyError, TypeError, ValueError, OSError) as error:
        print(f"NOT valid: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
