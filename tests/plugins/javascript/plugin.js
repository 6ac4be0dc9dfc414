// A plugin in JavaScript: a check and a place for notices. Tests build it with componentize-qjs and run it,
// with the helpers that `wpp plugin new` writes beside it.

import * as clock from "wpp:plugin/clock@0.1.0";
import * as log from "wpp:plugin/log@0.1.0";
import { ask, checks as table, done, evidence, finding, guarded, required } from "./wpp.js";

const headers = { authorization: "Bearer {{secret:service-key}}" };

function healthy() {
  const begun = clock.monotonicMs();
  const answer = ask("get", "/health", { headers });
  const { status } = done(answer);
  log.write("info", `asked for ${Number(clock.monotonicMs()) - Number(begun)} ms`);
  const well = status === "ok";
  const remedy = well ? "" : "restart the service";
  return [finding(`the service says that it is ${status}`, { severity: well ? "ok" : null, evidence: [evidence(answer, "status ok")], remedy })];
}

export const checks = table([
  {
    id: "service.healthy",
    title: "the service is healthy",
    area: "service",
    severity: "error",
    explain: "Asks /health and judges what it says.",
    judge: healthy,
  },
]);

export const channel = guarded({
  describe: () => ({
    title: "JavaScript",
    kind: "notice",
    settings: [
      { name: "url", about: "Where the service is", required: true, default: null },
      { name: "room", about: "Where notices go", required: true, default: null },
      { name: "timeout_ms", about: "How long one answer may take", required: false, default: "5000" },
    ],
    secrets: [{ name: "service-key", about: "A token that may write", required: true }],
    versions: [],
  }),
  health: () => {
    const { status } = done(ask("get", "/health", { headers }));
    return { condition: status === "ok" ? "ok" : "down", summary: `it says ${status}`, version: null, versionKnown: true, evidence: [] };
  },
  send: ({ to, text, key }) => {
    const { id } = done(ask("post", "/messages", { headers, body: { room: to || required("room"), text, key } }));
    return { id, url: null, queued: false };
  },
});
