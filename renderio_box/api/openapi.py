"""The API's description, made complete.

The framework knows paths, parameters and which struct goes where; everything else
comes from the tables beside this module: what fields mean, what operations can be
refused with, and examples, which the tests execute.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from renderio_box.api.examples import EXAMPLES
from renderio_box.api.examples.records import PATH, Example
from renderio_box.api.glossary import meaning_of
from renderio_box.api.operations import (
    ANSWERS,
    BODIES,
    HEADERS,
    PARAMETERS,
    answer,
    codes_of,
    entry,
    header,
    twin,
)
from renderio_box.api.overview import TAGS, overview
from renderio_box.api.refusals import BODIES as REFUSAL_BODIES
from renderio_box.api.refusals import refusal, refusal_name, refusals
from renderio_box.api.schemas import schemas_of
from renderio_box.api.webhook_message import WEBHOOKS
from renderio_box.errors import ErrorCode
from renderio_box.jobs.job import Dialect

Json = dict[str, Any]

JSON: Final = "application/json"
SENTENCE_END: Final = re.compile(r"\.(?:\s|$)")
SECURITY: Final[tuple[Json, ...]] = ({"apiKey": []}, {"bearer": []})
BEARER: Final = {"type": "http", "scheme": "bearer", "description": "The same key as a token."}
ERRORS: Final = [body.__name__ for body in REFUSAL_BODIES.values()]
SUCCESS: Final = "2"
"""What the status of an answer that is no refusal begins with."""


def completed(document: Json) -> Json:
    """Return the framework's description with all that it cannot know, as plain JSON."""
    whole: Json = msgspec.to_builtins(document)
    whole["info"]["description"] = overview()
    whole["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    components = whole["components"]
    components["schemas"] |= schemas_of([*components["schemas"], *ERRORS])
    components["securitySchemes"]["bearer"] = BEARER
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    components["responses"] = {}
    whole["webhooks"] = WEBHOOKS
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            complete(operation, path, components)
            if method == "head":
                leave_out_bodies(operation)
    return msgspec.json.decode(msgspec.json.encode(whole), type=Json)


def complete(operation: Json, path: str, components: Json) -> None:
    """Complete one operation, and add to the components what it refers to."""
    name, dialect = operation["operationId"], dialect_at(path)
    text = operation["description"].replace("``", "`")
    first = SENTENCE_END.split(text, maxsplit=1)[0].replace("\n", " ")
    operation |= {"summary": first, "description": text}
    operation.pop("deprecated", None)
    if body := entry(BODIES, name):
        operation["requestBody"] = body
    codes = codes_of(name, path, operation)
    if operation.get("security"):
        operation["security"] = list(SECURITY)
    complete_parameters(operation, takes_key=ErrorCode.IDEMPOTENCY_CONFLICT in codes)
    answers = {
        status: success(each, components, otherwise=f"{first}.")
        for status, each in operation["responses"].items()
        if status.startswith(SUCCESS) and ErrorCode.NOT_SUPPORTED not in codes
    }
    for status, same in refusals(codes, dialect).items():
        called = refusal_name(same, dialect)
        components["responses"][called] = refusal(same, dialect)
        answers[str(status)] = {"$ref": f"#/components/responses/{called}"}
    operation["responses"] = dict(sorted((answers | dict(entry(ANSWERS, name) or {})).items()))
    show_examples(operation, entry(EXAMPLES, name) or {})


def dialect_at(path: str) -> Dialect:
    """Return whose API the path belongs to."""
    return Dialect.RENDI if path.startswith("/v1/") else Dialect.RENDERIO


def complete_parameters(operation: Json, *, takes_key: bool) -> None:
    """Describe the parameters and add those that the signature does not show."""
    name = operation["operationId"]
    shown = [parameter_explained(each, twin(name)) for each in operation.get("parameters", ())]
    shown += entry(PARAMETERS, name) or ()
    if takes_key:
        shown.append(header("Idempotency-Key"))
    if shown:
        operation["parameters"] = shown


def parameter_explained(parameter: Json, name: str) -> Json:
    """Return a parameter with what it means and an example, without what is obvious."""
    shown = {key: value for key, value in parameter.items() if value is not False}
    shown["required"] = parameter["in"] == "path"
    shown["schema"] = {key: whole_number(value) for key, value in parameter["schema"].items()}
    if text := meaning_of(parameter["name"], schema=name):
        shown["description"] = text
    if parameter["name"] in PATH:
        shown["example"] = PATH[parameter["name"]]
    return shown


def whole_number(value: object) -> object:
    """Return a limit without the decimals that the framework gives it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def success(response: Json, components: Json, *, otherwise: str) -> Json:
    """Return an answer that is no refusal, in the words of the struct that it carries."""
    content = response.get("content", {})
    schema = content.get(JSON, {}).get("schema", {})
    struct = components["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    return answer(struct.get("description", otherwise), content=content or None)


def show_examples(operation: Json, examples: Mapping[str, Example]) -> None:
    """Put the examples where the bodies are that they are examples of."""
    sent = {key: each.body for key, each in examples.items() if each.body is not None}
    got = {key: each.answer for key, each in examples.items() if each.answer is not None}
    body = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if body is not None and sent:
        body["examples"] = shown(sent.items(), examples)
    for status, response in operation["responses"].items():
        for content in response.get("content", {}).values():
            if status.startswith(SUCCESS) and got:
                content["examples"] = shown(got.items(), examples)


def shown(values: Iterable[tuple[str, object]], examples: Mapping[str, Example]) -> Json:
    """Return values as the examples that they belong to."""
    return {key: {"summary": examples[key].summary, "value": value} for key, value in values}


def leave_out_bodies(operation: Json) -> None:
    """Say that the answers to HEAD are headers only."""
    for status, response in operation["responses"].items():
        operation["responses"][status] = {
            key: value for key, value in response.items() if key != "content"
        }
