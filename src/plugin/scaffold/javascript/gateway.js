// A gateway to WhatsApp with sessions at `/sessions`: an example, to be replaced with the gateway of yours.
//
// Settings: `url`; `timeout_ms`. Secret: `gateway-key`, sent as `X-API-Key`. Grants: the gateway's origin,
// and the secret.
//
// What this gateway cannot do is `unsupported`: never pretend instead.

import * as config from "wpp:plugin/config@@VERSION@";
import { ask, checks as table, done, evidence, failure, finding, guarded, segment, strange } from "./wpp.js";

// The host puts the secret in; this code never sees it.
const headers = { "x-api-key": "{{secret:gateway-key}}" };

/** The versions of the gateway that this was tried with. */
const VERSIONS = ["1.4.0"];

/** A session's state and reason in wpp's words. A word that this does not know is no reason to say that all is well. */
const STATES = {
  connected: ["ready", "normal"],
  connecting: ["connecting", "normal"],
  qr: ["auth-required", "pairing"],
  logged_out: ["auth-required", "logged_out"],
  stopped: ["stopped", "operator_stopped"],
};

function all() {
  const answer = ask("get", "/sessions", { headers });
  const list = done(answer);
  if (!Array.isArray(list)) throw strange(answer, "no list");
  return list.map(({ name, status, since_ms, phone, error }) => {
    const [state, reason] = STATES[status] ?? ["error", "connect_failure"];
    return { name, id: name, state, reason, told: String(status), sinceMs: since_ms ?? null, phone: phone ?? null, trouble: error ?? null };
  });
}

function known(name) {
  const list = all();
  const found = list.find((session) => session.name === name);
  if (!found) throw failure("not-found", `the gateway has no session ${name}`, `it has ${list.map(({ name }) => name).join(", ") || "none"}`);
  return found;
}

function act(name, what) {
  known(name);
  done(ask("post", `/sessions/${segment(name)}/${what}`, { headers }));
}

function healthy() {
  const answer = ask("get", "/health", { headers });
  const { status } = done(answer);
  if (typeof status !== "string") throw strange(answer, "no status");
  if (status === "ok") return [finding("the gateway says that it is ok", { severity: "ok" })];
  return [finding(`the gateway says that it is ${status}`, { evidence: [evidence(answer, "status ok")], remedy: "restart the gateway" })];
}

function ready() {
  const list = all();
  const wrong = list.filter(({ state }) => state !== "ready");
  if (wrong.length === 0) return [finding(`all ${list.length} are ready`, { severity: "ok" })];
  return wrong.map(({ name, state, told }) => {
    const command = [state === "auth-required" ? "reauth" : "restart", `${config.name()}:${name}`];
    return finding(`the session ${name} is ${told}`, { session: name, remedy: `run \`wpp ${command.join(" ")}\``, command });
  });
}

export const checks = table([
  {
    id: "service.healthy",
    title: "the gateway is healthy",
    area: "service",
    severity: "critical",
    explain: "Asks /health and judges what it says, not its status alone.",
    judge: healthy,
  },
  {
    id: "sessions.ready",
    title: "every session is ready",
    area: "sessions",
    severity: "error",
    explain: "Judges each session of /sessions by its state.",
    judge: ready,
  },
]);

export const channel = guarded({
  describe: () => ({
    title: "@NAME@",
    kind: "gateway",
    settings: [
      { name: "url", about: "Where the gateway is", required: true, default: null },
      { name: "timeout_ms", about: "How long one answer may take", required: false, default: "5000" },
    ],
    secrets: [{ name: "gateway-key", about: "An API key of the gateway", required: true }],
    versions: VERSIONS,
  }),

  health: () => {
    const answer = ask("get", "/health", { headers });
    const { status, version } = done(answer);
    if (typeof status !== "string") throw strange(answer, "no status");
    const list = all();
    const count = list.filter(({ state }) => state === "ready").length;
    return {
      condition: status !== "ok" ? "down" : count === list.length ? "ok" : "degraded",
      summary: `${count} of ${list.length} sessions are ready`,
      version: version ?? null,
      versionKnown: version === undefined || VERSIONS.includes(version),
      evidence: [evidence(answer, "status ok")],
    };
  },

  send: ({ to, session, text, key }) => {
    const name = session ?? all().find(({ state }) => state === "ready")?.name;
    if (!name) throw failure("login-needed", "no session of the gateway is ready", "link one first");
    const answer = ask("post", `/sessions/${segment(name)}/messages`, { headers, body: { to, text, key } });
    const { id } = done(answer);
    if (typeof id !== "string") throw strange(answer, "no id of the message");
    return { id, url: null, queued: false };
  },
});

export const sessions = guarded({
  list: all,
  status: known,
  start: (name) => act(name, "start"),
  stop: (name) => act(name, "stop"),
  restart: (name) => {
    act(name, "stop");
    act(name, "start");
  },
  logout: () => {
    throw failure("unsupported", "this gateway cannot unlink a session");
  },
  link: (name, way, attempt) => {
    const session = known(name);
    if (session.state === "ready") return { tag: "linked" };
    if (way.tag === "pairing-code") throw failure("unsupported", "this gateway has no pairing codes");
    // Only the first time: whoever asks again must not change what is shown.
    if (session.state === "stopped" && attempt === 0) {
      done(ask("post", `/sessions/${segment(name)}/start`, { headers }));
      return { tag: "pending", val: "the session was started" };
    }
    const { qr } = done(ask("get", `/sessions/${segment(name)}/qr`, { headers }));
    return qr ? { tag: "qr-text", val: qr } : { tag: "pending", val: "there is no code yet" };
  },
});
