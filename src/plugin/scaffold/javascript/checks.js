// Checks of a service that tells how it is at `/health` and how much waits at `/queue`: an example, to be
// replaced with what matters to you.
//
// Settings: `url`; `queue_max`; `timeout_ms`. Secret: `service-key`, a bearer token. Grants: the service's
// origin, and the secret.

import { ask, checks as table, done, evidence, finding, setting, strange } from "./wpp.js";

// The host puts the secret in; this code never sees it.
const headers = { authorization: "Bearer {{secret:service-key}}" };

function healthy() {
  const answer = ask("get", "/health", { headers });
  const { status } = done(answer);
  if (typeof status !== "string") throw strange(answer, "no status");
  if (status === "ok") return [finding("the service says that it is ok", { severity: "ok" })];
  return [finding(`the service says that it is ${status}`, { evidence: [evidence(answer, "status ok")], remedy: "restart the service" })];
}

function short() {
  const most = Number(setting("queue_max", "100"));
  const answer = ask("get", "/queue", { headers });
  const { waiting } = done(answer);
  if (typeof waiting !== "number") throw strange(answer, "no number of what waits");
  if (waiting <= most) return [finding(`${waiting} wait`, { severity: "ok" })];
  const remedy = "see what keeps the service from working them off";
  return [finding(`${waiting} wait, more than ${most}`, { evidence: [evidence(answer, `at most ${most}`)], remedy })];
}

export const checks = table([
  {
    id: "service.healthy",
    title: "the service is healthy",
    area: "service",
    severity: "error",
    explain: "Asks /health and judges what it says, not its status alone. Restart the service when it is not well.",
    judge: healthy,
  },
  {
    id: "queue.short",
    title: "the queue is short",
    area: "queue",
    severity: "warning",
    explain: "Asks /queue how much waits. More than the setting queue_max means that messages come faster than they go.",
    judge: short,
  },
]);
