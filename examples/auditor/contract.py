"""What is published about the topics: the AsyncAPI document and the JSON Schemas beside it."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import fastjsonschema
from record import STRUCTURED

# Words of JSON Schema that mean the same in draft 7 (which fastjsonschema reads) and 2020-12 (which the schemas are
# written in). Any other word stops the audit: a check that is not understood is not a check.
UNDERSTOOD = {
    "$comment", "$defs", "$id", "$ref", "$schema", "additionalProperties", "allOf", "anyOf", "const", "default", "description",
    "enum", "format", "items", "maximum", "minimum", "oneOf", "pattern", "properties", "required", "title", "type",
}


class ContractError(Exception):
    """The contracts cannot be read: nothing can be checked."""


@dataclass
class Topic:
    """A topic as the AsyncAPI document describes it, with its name before any prefix of the shop."""

    name: str
    context: str | None
    stream_prefix: str | None
    types: set = field(default_factory=set)


class Contract:
    """All topics and types. `folder` holds `asyncapi.json` and `events/`."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.document = _read(self.folder / "asyncapi.json")
        self.topics = {}
        self._payloads = {}
        self._headers = {}
        for channel in self.document["channels"].values():
            name = channel["x-topic"]
            types = {kind for kind in channel["messages"] if not self._is_structured(kind)}
            self.topics[name] = Topic(name, channel.get("x-context"), channel.get("x-stream-prefix"), types)

    def _is_structured(self, kind):
        """Whether it describes all events of a topic in structured mode. They are turned into binary mode before any check."""
        return self.document["components"]["messages"][kind]["contentType"].startswith(STRUCTURED)

    def contexts(self):
        """Contexts with a log of their own, each with its topics."""
        contexts = {}
        for topic in self.topics.values():
            if topic.context:
                contexts.setdefault(topic.context, []).append(topic)
        return contexts

    def payload_problem(self, kind, payload):
        """Why `payload` (JSON, parsed) is not what its type says; None if it is."""
        if kind not in self._payloads:
            payload_schema = self.document["components"]["messages"][kind]["payload"]
            if "$ref" in payload_schema:
                payload_schema = _read(self.folder / payload_schema["$ref"])
            self._payloads[kind] = _compile(payload_schema, kind)
        return _problem(self._payloads[kind], payload)

    def headers_problem(self, kind, headers):
        """Why `headers` (name to text) are not what the document says of its type; None if they are."""
        if kind not in self._headers:
            said = self.document["components"]["messages"][kind]["headers"]
            parts = [self._inside(part) for part in said["allOf"]]
            self._headers[kind] = _compile({"type": said["type"], "allOf": parts}, f"headers of {kind}")
        return _problem(self._headers[kind], headers)

    def _inside(self, part):
        if "$ref" not in part:
            return part
        found = self.document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return found


def _read(path):
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{path} cannot be read: {error}") from error


def _compile(schema, what):
    # Words that begin with x- are annotations: they do not change what is valid.
    strange = {word for word in set(_words(schema)) - UNDERSTOOD if not word.startswith("x-")}
    if strange:
        raise ContractError(f"{what}: this program does not understand {', '.join(sorted(strange))} in its schema")
    try:
        return fastjsonschema.compile(schema)
    except (fastjsonschema.JsonSchemaDefinitionException, re.error) as error:
        raise ContractError(f"{what}: its schema cannot be read: {error}") from error


def _words(schema):
    if isinstance(schema, list):
        for part in schema:
            yield from _words(part)
    elif isinstance(schema, dict):
        for word, value in schema.items():
            yield word
            if word in ("properties", "$defs"):
                for part in value.values():
                    yield from _words(part)
            elif word not in ("const", "default", "enum"):
                yield from _words(value)


def _problem(validate, value):
    try:
        validate(value)
    except fastjsonschema.JsonSchemaValueException as error:
        return error.message
    return None
