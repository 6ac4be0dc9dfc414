"""A plugin in Python: a check and a place for notices. Tests build it with componentize-py and run it."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.channel import Condition, Description, Kind, Receipt, Wellness
from wit_world.exports.checks import Check, Finding, Judgement_Found, Judgement_Unknown, Outcome
from wit_world.imports import clock, config, http, log
from wit_world.imports.types import Evidence, Failure, FailureKind, Secret, Setting, Severity


def failure(kind, message, hint="", outage=None):
    return Failure(kind, message, hint, outage)


def ask(method, path, body=None):
    """Gives the status and the document; raises Err of a failure."""
    asked = f"{method.name} {path}"
    url = config.get("url")
    if not url:
        raise Err(failure(FailureKind.MISCONFIGURED, "the setting url is missing", "set url in config.toml"))
    headers = [http.Header("authorization", "Bearer {{secret:service-key}}")]
    content = None if body is None else json.dumps(body).encode()
    try:
        response = http.send(http.Request(method, url + path, headers, content, 5000))
    except Err as error:
        match error.value:
            case http.Error_Denied(why):
                raise Err(failure(FailureKind.DENIED, f"{asked} was not sent: {why}", "grant it")) from None
            case http.Error_NoAnswer(none):
                message = f"{asked} got no answer: {none.message}"
                raise Err(failure(FailureKind.UNREACHABLE, message, "see whether it runs", none.class_)) from None
            case other:
                raise Err(failure(FailureKind.INVALID_ANSWER, f"{asked}: {other.value}")) from None
    try:
        document = json.loads(response.body)
    except ValueError:
        document = None
    if not 200 <= response.status < 300 or not isinstance(document, dict):
        raise Err(failure(FailureKind.INVALID_ANSWER, f"{asked} answered {response.status}", "read its log"))
    return response.status, document


def health():
    return ask(http.Method.GET, "/health")


class Checks(exports.Checks):
    def describe(self):
        return [
            Check(
                id="service.healthy",
                title="the service is healthy",
                area="service",
                severity=Severity.ERROR,
                explain="Asks /health and judges what it says.",
                runbook="",
            )
        ]

    def run(self, only):
        if only and "service.healthy" not in only:
            return []
        begun = clock.monotonic_ms()
        try:
            status, document = health()
        except Err as error:
            return [Outcome("service.healthy", Judgement_Unknown(error.value))]
        log.write(log.Level.INFO, f"asked for {clock.monotonic_ms() - begun} ms")
        well = document.get("status") == "ok"
        evidence = Evidence("GET /health", "status ok", f"{status} {json.dumps(document)}")
        finding = Finding(
            severity=Severity.OK if well else None,
            session=None,
            summary=f"the service says that it is {document.get('status')}",
            evidence=[evidence],
            remedy="" if well else "restart the service",
            command=[],
        )
        return [Outcome("service.healthy", Judgement_Found([finding]))]


class Channel(exports.Channel):
    def describe(self):
        return Description(
            title="Python",
            kind=Kind.NOTICE,
            settings=[Setting("url", "Where the service is", True, None), Setting("room", "Where notices go", True, None)],
            secrets=[Secret("service-key", "A token that may write", True)],
            versions=[],
        )

    def health(self):
        _, document = health()
        well = document.get("status") == "ok"
        return Wellness(Condition.OK if well else Condition.DOWN, f"it says {document.get('status')}", None, True, [])

    def send(self, message):
        body = {"room": message.to or config.get("room"), "text": message.text, "key": message.key}
        _, document = ask(http.Method.POST, "/messages", body)
        return Receipt(document.get("id"), None, False)
