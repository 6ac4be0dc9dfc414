// Notices to a service that takes them as a POST to `/messages`: an example, to be replaced with the service
// of yours.
//
// Settings: `url`; `room`; `timeout_ms`. Secret: `service-key`, a bearer token. Grants: the service's origin,
// and the secret.

import { ask, done, evidence, guarded, required, strange } from "./wpp.js";

// The host puts the secret in; this code never sees it.
const headers = { authorization: "Bearer {{secret:service-key}}" };

export const channel = guarded({
  describe: () => ({
    title: "@NAME@",
    kind: "notice",
    settings: [
      { name: "url", about: "Where the service is", required: true, default: null },
      { name: "room", about: "Where notices go to that name no recipient", required: true, default: null },
      { name: "timeout_ms", about: "How long one answer may take", required: false, default: "5000" },
    ],
    secrets: [{ name: "service-key", about: "A token that may write", required: true }],
    versions: [],
  }),

  health: () => {
    const answer = ask("get", "/health", { headers });
    const { status } = done(answer);
    if (typeof status !== "string") throw strange(answer, "no status");
    return {
      condition: status === "ok" ? "ok" : "down",
      summary: `the service says that it is ${status}`,
      version: null,
      versionKnown: true,
      evidence: [evidence(answer, "status ok")],
    };
  },

  send: ({ to, title, text, key }) => {
    // As a document and not as headers or an address: there, a text could name a secret.
    const answer = ask("post", "/messages", { headers, body: { room: to || required("room"), title, text, key } });
    const { id } = done(answer);
    if (typeof id !== "string") throw strange(answer, "no id of the message");
    return { id, url: null, queued: false };
  },
});
