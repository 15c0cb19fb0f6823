// Drives the handler at the URL given with a client that openapi-typescript and openapi-fetch make of the OpenAPI document.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./build/api.js";
import { find } from "./find.js";

const client = createClient<paths>({ baseUrl: process.argv[2] });

const created = await client.POST("/admin/identities", {
  body: {
    schema_id: "person", region: "eu-central", traits: { email: "openapi-fetch@example.com" }, metadata_admin: { note: 1 },
    credentials: {
      password: { config: { password: "correct horse battery" } },
      passkey: { config: { user_handle: [104, 105], credentials: [{ id: "AQID" }] } },
    },
  },
});
assert.equal(created.response.status, 201, JSON.stringify(created.error));
const identity = created.data!;
const path = { path: { id: identity.id } };

const read = await client.GET("/admin/identities/{id}", { params: { ...path, query: { include_credential: ["password", "passkey"] } } });
assert.deepEqual(read.data!.metadata_admin, { note: 1 });
assert.equal(read.data!.credentials!.passkey!.config!.user_handle, "aGk=");

const updated = await client.PUT("/admin/identities/{id}", {
  params: { ...path, header: { "If-Match": read.response.headers.get("ETag")! } },
  body: { state: "inactive", traits: { email: "openapi-fetch@example.com" }, metadata_public: ["x"] },
});
assert.equal(updated.response.status, 200, JSON.stringify(updated.error));
assert.equal(updated.data!.state, "inactive");
assert.equal(updated.data!.metadata_admin, null);

const patched = await client.PATCH("/admin/identities/{id}", {
  params: path,
  body: [{ op: "test", path: "/state", value: "inactive" }, { op: "add", path: "/metadata_public/-", value: "y" }],
});
assert.equal(patched.response.status, 200, JSON.stringify(patched.error));
assert.deepEqual(patched.data!.metadata_public, ["x", "y"]);

const list = await client.GET("/admin/identities", { params: { query: { page_size: 10, credentials_identifier: "openapi-fetch@example.com" } } });
assert.deepEqual(list.data!.map((i) => i.id), [identity.id]);

const refused = await client.PUT("/admin/identities/{id}", { params: path, body: { traits: { email: "no address" } } });
assert.equal(refused.response.status, 400);

await find(client);
console.log("done");
