// Drives the handler at the URL given with the official client for JavaScript.
import assert from "node:assert/strict";
import { Configuration, IdentityApi } from "@ory/client";

const api = new IdentityApi(new Configuration({ basePath: process.argv[2] }));
const email = "ory-client@example.com";
const key = {
  id: [1, 2, 255], public_key: [3, 4], display_name: "Blue key", added_at: "2026-11-23T12:00:00Z", attestation_type: "none", is_passwordless: true,
  transport: ["usb"], flags: { user_present: true, user_verified: true, backup_eligible: false, backup_state: false },
  authenticator: { aaguid: [0, 255], sign_count: 1, clone_warning: false },
  attestation: { client_dataJSON: [123, 125], client_data_hash: [9], authenticator_data: [8], public_key_algorithm: -7, object: [7] },
};
const organization = "018f0000-0000-7000-8000-0000000000aa";
const address = { id: "", value: email, via: "email", verified: true, status: "completed", verified_at: "2025-01-02T03:04:05.678Z" };
delete address.id;

const { data: created, status } = await api.createIdentity({ createIdentityBody: {
  schema_id: "person", region: "us-west", state: "active", external_id: "ory", organization_id: organization, traits: { email },
  metadata_public: { plan: "pro" }, metadata_admin: ["note"], verifiable_addresses: [address], recovery_addresses: [{ value: email, via: "email" }],
  credentials: {
    password: { config: { password: "correct horse battery", use_password_migration_hook: false } },
    oidc: { config: { providers: [{ provider: "google", subject: "1", organization, use_auto_link: true }] } },
    saml: { config: { providers: [{ provider: "okta", subject: "2", organization }] } },
    totp: { config: { totp_url: "otpauth://totp/idem:ory?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=idem" } },
    lookup_secret: { config: { codes: [{ code: "one", used_at: "2026-11-01T00:00:00Z" }, { code: "two" }] } },
    webauthn: { config: { user_handle: [104, 105], credentials: [key] } },
    passkey: { config: { user_handle: [1, 2, 255], credentials: [{ ...key, id: [9, 9] }] } },
  },
} });
assert.equal(status, 201);
assert.equal(created.verifiable_addresses[0].verified_at, "2025-01-02T03:04:05.678Z");

const id = created.id;
const { data: read } = await api.getIdentity({ id, includeCredential: ["password", "oidc", "saml", "totp", "lookup_secret", "webauthn", "passkey"] });
const kept = read.credentials.webauthn.config.credentials[0];
assert.equal(kept.id, "AQL/");
assert.equal(kept.attestation.client_dataJSON, "e30=");
assert.equal(kept.authenticator.aaguid, "AP8=");
assert.equal(read.credentials.oidc.config.providers[0].organization, organization);

const { data: updated } = await api.updateIdentity({ id, updateIdentityBody: {
  schema_id: "person", state: "inactive", region: "eu", external_id: "ory", traits: { email }, metadata_public: null, metadata_admin: { a: 1 },
  credentials: read.credentials,
} });
assert.equal(updated.state, "inactive");

const { data: patched } = await api.patchIdentity({ id, jsonPatch: [{ op: "add", path: "/metadata_admin/roles/-", value: "admin" }] });
assert.deepEqual(patched.metadata_admin, { a: 1, roles: ["admin"] });

const { data: list } = await api.listIdentities({ pageSize: 10, ids: [id] });
assert.equal(list.length, 1);
const { data: filtered, headers } = await api.listIdentities({ pageSize: 10 }, { params: { filter: 'external_id eq "ory"', q: "client", sort: "-created_at", count: true } });
assert.deepEqual(filtered.map((i) => i.id), [id]);
assert.equal(headers["x-total-count"], "1");
const { data: found } = await api.getIdentityByExternalID({ externalID: "ory" });
assert.equal(found.id, id);
const { data: batch } = await api.batchPatchIdentities({ patchIdentitiesBody: { identities: [
  { patch_id: organization, create: { schema_id: "person", traits: { email: "batch@example.com" } } },
  { create: { schema_id: "person", traits: { email } } },
] } });
assert.deepEqual(batch.identities.map((i) => i.action), ["create", "error"]);
await api.deleteIdentityCredentials({ id, type: "totp" });
await api.deleteIdentity({ id });
await assert.rejects(api.getIdentity({ id }), (err) => err.response.status === 404);
console.log("done");
