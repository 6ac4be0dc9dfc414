// What every plugin needs: settings, a server that answers in JSON, failures, and words for what went
// wrong. The contract is in wit/deps/wpp/wpp.wit.

import * as config from "wpp:plugin/config@@VERSION@";
import * as http from "wpp:plugin/http@@VERSION@";
import * as log from "wpp:plugin/log@@VERSION@";

/** Why something was not done: what a function of the contract throws. */
export function failure(kind, message, hint = "", outage = null) {
  return { kind, message, hint, outage };
}

/** A setting of `[plugin.NAME]` that must be there. */
export function required(name) {
  const value = config.get(name);
  if (!value) throw failure("misconfigured", `the setting ${name} is missing`, `set ${name} in config.toml`);
  return value;
}

/** A setting, or what holds when it is not set. */
export function setting(name, otherwise) {
  return config.get(name) ?? otherwise;
}

/** A text as one part of an address's path: it cannot leave that part, and cannot name a secret. */
export function segment(text) {
  const escaped = encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  return /^\.{1,2}$/.test(escaped) ? escaped.replaceAll(".", "%252E") : escaped;
}

/**
 * Sends a request to the server in the setting `url`. Gives `{ asked, status, text, json }`, whatever the
 * status is; throws a failure when there is no answer. `{{secret:NAME}}` in a header is put in by the host.
 */
export function ask(method, path, { headers = {}, body } = {}) {
  const asked = `${method.toUpperCase()} ${path}`.trim();
  const all = { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers };
  let response;
  try {
    response = http.send({
      method,
      url: required("url").replace(/\/+$/, "") + path,
      headers: Object.entries(all).map(([name, value]) => ({ name, value })),
      body: body === undefined ? null : bytes(JSON.stringify(body)),
      timeoutMs: Number(setting("timeout_ms", "5000")),
    });
  } catch (thrown) {
    const error = told(thrown);
    switch (error?.tag) {
      case "denied":
        throw failure("denied", `${asked} was not sent: ${error.val}`, "allow or provide what it names");
      case "no-answer": {
        const what = error.val.class.replaceAll("-", "_");
        throw failure("unreachable", `${asked} got no answer: ${what}: ${error.val.message}`, "see whether the server runs", error.val.class);
      }
      case "invalid":
        throw failure("misconfigured", `${asked} cannot be sent: ${error.val}`, "check the settings");
      case "too-large":
        throw failure("invalid-answer", `the answer to ${asked} is too long: ${error.val}`);
      default:
        throw thrown;
    }
  }
  const said = text(response.body);
  let json;
  try {
    json = JSON.parse(said);
  } catch {
    json = undefined;
  }
  return { asked, status: response.status, text: said, json };
}

/** A text as UTF-8. There is no `TextEncoder` here. */
export function bytes(text) {
  const out = [];
  for (const letter of text.toWellFormed()) {
    const code = letter.codePointAt(0);
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return new Uint8Array(out);
}

/** UTF-8 as a text; what is none becomes `\ufffd`. There is no `TextDecoder` here. */
export function text(bytes) {
  let out = "";
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at++];
    const more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : -1;
    let code = more === 0 ? first : more === 1 ? first & 31 : more === 2 ? first & 15 : first & 7;
    let left = more;
    while (left > 0 && (bytes[at] & 0xc0) === 0x80) {
      code = (code << 6) | (bytes[at++] & 63);
      left -= 1;
    }
    const whole = left === 0 && !(more === 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) && !(more === 3 && (code < 0x10000 || code > 0x10ffff));
    out += whole ? String.fromCodePoint(code) : "\ufffd";
  }
  return out;
}

/** The body of an answer that says that it was done; else throws what the server complains of. */
export function done(answer) {
  const { asked, status, text, json } = answer;
  if (status >= 200 && status < 300) {
    if (json === undefined) throw strange(answer, "something else than JSON");
    return json;
  }
  const kinds = { 401: "denied", 403: "denied", 404: "not-found", 409: "conflict", 429: "rate-limited" };
  throw failure(kinds[status] ?? "failed", `${asked} answered ${status}: ${text.slice(0, 160)}`, "read the server's log");
}

/** An answer that is not of the shape that the server gives: `what` it is instead. */
export function strange({ asked, status, text }, what) {
  const hint = "see whether the address leads to this kind of server";
  return failure("invalid-answer", `${asked} answered ${status} with ${what}: ${text.slice(0, 160)}`, hint);
}

/** Something that was seen, for a finding. */
export function evidence({ asked, status, text }, expected) {
  return { subject: asked, expected, observed: `${status} ${text.slice(0, 160)}` };
}

/** A finding. Without a severity it has the check's own; `severity: "ok"` is for what is well. */
export function finding(summary, { severity = null, session = null, evidence = [], remedy = "", command = [] } = {}) {
  return { severity, session, summary, evidence, remedy, command };
}

/** The interface `checks` of a table: each row describes a check, and its `judge` gives findings. */
export function checks(rows) {
  return guarded({
    describe: () =>
      rows.map(({ id, title, area, severity, explain, runbook = "" }) => ({ id, title, area, severity, explain, runbook })),
    run: (only) =>
      rows
        .filter(({ id }) => only.length === 0 || only.includes(id))
        .map(({ id, judge }) => {
          try {
            return { check: id, judgement: { tag: "found", val: judge() } };
          } catch (thrown) {
            const why = told(thrown);
            if (why?.kind === undefined) throw thrown;
            return { check: id, judgement: { tag: "unknown", val: why } };
          }
        }),
  });
}

/** The same interface, which writes to the log what ends the plugin: a component has no other voice. */
export function guarded(functions) {
  const guard = (call) => (...given) => {
    try {
      return call(...given);
    } catch (thrown) {
      if (told(thrown)?.kind === undefined) log.write("error", `${thrown?.message ?? thrown}\n${thrown?.stack ?? ""}`);
      throw thrown;
    }
  };
  return Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, guard(call)]));
}

function told(thrown) {
  return thrown?.payload ?? thrown;
}
