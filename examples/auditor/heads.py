"""Signed heads of the logs, and the relays' marks: what was vouched for must be what the topics hold."""

import base64
import binascii
import hashlib
import json
from pathlib import Path

HEAD = "chorale.audit.LogHeadSigned.v1"
MARK = "chorale.relay.RelayMark.v1"


class KeyProblem(Exception):
    """A public key cannot be read."""


def public_key(text):
    """The 32 bytes of an Ed25519 public key: hex, base64, or a file that holds one of these or PEM."""
    path = Path(text)
    if path.is_file():
        text = path.read_text("utf-8").strip()
    if "BEGIN PUBLIC KEY" in text:
        # A PEM of an Ed25519 key is a fixed beginning of 12 bytes and the key.
        raw = _base64("".join(line for line in text.splitlines() if not line.startswith("-----")))
        if raw is None or len(raw) != 44 or not raw.startswith(bytes.fromhex("302a300506032b6570032100")):
            raise KeyProblem("the PEM holds no Ed25519 public key")
        return raw[12:]
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = _base64(text)
    if raw is None or len(raw) != 32:
        raise KeyProblem(f"{text[:20]!r} is no public key: 64 hex digits, base64 of 32 bytes, or a file with one of these or PEM")
    return raw


def _base64(text):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def key_id(key):
    """How heads name the key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(key).hexdigest()[:16]


def signed_text(head):
    """What is signed."""
    lines = ("context", "epoch", "position", "hash", "time")
    return "\n".join(["chorale-log-head-v1", *(str(head[line]) for line in lines)]).encode()


def verify(head, key):
    """Whether `key` (32 bytes) signed the head."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = _base64(head["signature"])
    if signature is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed_text(head))
    except InvalidSignature:
        return False
    return True


class Vouched:
    """What heads and marks say of positions. `keys` are public keys (32 bytes) whose heads count."""

    def __init__(self, contract, findings, keys):
        self.contract = contract
        self.findings = findings
        self.keys = {key_id(key): key for key in keys}
        self.watched = {}
        self.epochs = {}
        self.marks = {}
        if not keys:
            findings.heads.note("no public key was given (--public-key): signatures were not verified")

    def head(self, record):
        """A record of the audit topic."""
        check = self.findings.heads
        check.checked += 1
        head = self._read(record, HEAD, check)
        if head is None:
            return
        headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
        problem = self.contract.headers_problem(HEAD, headers)
        if problem:
            check.found(f"{record}: {problem}")
        if self.keys:
            key = self.keys.get(head["keyId"])
            if key is None:
                check.found(f"{record}: signed with key {head['keyId']}, which was not given")
                return
            if not verify(head, key):
                check.found(f"{record}: the signature is not of key {head['keyId']}, or the head was changed")
                return
        self._watch(head, check)

    def mark(self, record):
        """A record of the relay topic; the last one of a context counts."""
        check = self.findings.marks
        check.checked += 1
        mark = self._read(record, MARK, check)
        if mark is not None:
            self.marks[mark["context"]] = mark

    def logs(self):
        """Positions and hashes to look for, by context. After the last mark."""
        for mark in self.marks.values():
            self._watch(mark, self.findings.marks)
        return self.watched

    def _watch(self, said, check):
        position = (said["hash"], check)
        self.watched.setdefault(said["context"], {}).setdefault(said["position"], []).append(position)
        self.epochs.setdefault(said["context"], []).append((said["epoch"], said["position"], check))

    def lives(self, context, epoch):
        """Whether all that was said is of the life of the log that the topics hold; `epoch` None: they hold nothing."""
        heads = [position for _, position, check in self.epochs.get(context, ()) if check is self.findings.heads]
        if self.keys and epoch is not None and not heads:
            self.findings.heads.found(f"{context}: no head was signed with a key that was given")
        for said, position, check in self.epochs.get(context, ()):
            if epoch is not None and said != epoch:
                check.found(f"{context} position {position} was vouched for in life {said} of the log; the topics hold {epoch}")

    def _read(self, record, kind, check):
        try:
            value = json.loads(record.value)
        except (TypeError, ValueError):
            check.found(f"{record}: its value is not JSON")
            return None
        problem = self.contract.payload_problem(kind, value)
        if problem:
            check.found(f"{record}: {problem}")
            return None
        if record.key != value["context"].encode():
            check.found(f"{record}: its key is not its context")
        return value
