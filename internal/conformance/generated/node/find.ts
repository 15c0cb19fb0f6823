// Drives the list by filters, words, orders, counts and pages, over twelve people of which each has a number.
import assert from "node:assert/strict";
import type { Client } from "openapi-fetch";
import type { operations, paths } from "./build/api.js";

type Query = NonNullable<operations["listIdentities"]["parameters"]["query"]>;

function nextToken(response: Response): string | undefined {
  const link = /<([^>]*)>; rel="next"/.exec(response.headers.get("Link") ?? "");
  return link ? new URL(link[1]).searchParams.get("page_token")! : undefined;
}

// list walks through all pages and compares the numbers of the people.
async function list(client: Client<paths>, query: Query, want: number[]) {
  const got: number[] = [];
  let token: string | undefined;
  do {
    const page = await client.GET("/admin/identities", { params: { query: { ...query, page_size: 5, count: true, page_token: token } } });
    assert.equal(page.response.status, 200, JSON.stringify(page.error));
    assert.equal(page.response.headers.get("X-Total-Count"), String(want.length), JSON.stringify(query));
    got.push(...page.data!.map((i) => (i.metadata_admin as { n: number }).n));
    token = nextToken(page.response);
  } while (token !== undefined);
  if (query.sort === undefined) got.sort((a, b) => a - b); // by id, which is random
  assert.deepEqual(got, want, JSON.stringify(query));
}

export async function find(client: Client<paths>) {
  for (let n = 0; n < 12; n++) {
    const created = await client.POST("/admin/identities", {
      body: { traits: { email: `find${n}@example.com` }, metadata_admin: { n, group: n % 2 ? "odd" : "even" } },
    });
    assert.equal(created.response.status, 201, JSON.stringify(created.error));
  }
  await list(client, { filter: 'metadata_admin.n ge 7 and not (metadata_admin.group eq "odd")', sort: "metadata_admin.n" }, [8, 10]);
  await list(client, { filter: "metadata_admin.n eq 5" }, [5]);
  await list(client, { filter: 'verifiable_addresses[value eq "FIND3@example.com" and verified eq false]' }, [3]);
  await list(client, { filter: "metadata_admin.n pr", sort: "-metadata_admin.n" }, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  await list(client, { filter: "metadata_admin.n lt 4", sort: "metadata_admin.group,-metadata_admin.n" }, [2, 0, 3, 1]);
  await list(client, { q: "FIND1 example", sort: "-metadata_admin.n" }, [11, 10, 1]);
  await list(client, { filter: "metadata_admin.n gt 1", q: "find1", sort: "metadata_admin.n" }, [10, 11]);
  await list(client, { filter: "metadata_admin.n gt 11", q: "find" }, []);

  const first = await client.GET("/admin/identities", { params: { query: { filter: "metadata_admin.n pr", sort: "metadata_admin.n", page_size: 5 } } });
  const page_token = nextToken(first.response);
  assert.ok(page_token);
  for (const query of [
    { filter: "metadata_admin.n eq" }, { filter: "credentials.password.config.hashed_password pr" }, { sort: "nothing" },
    { filter: "metadata_admin.n lt 100", sort: "metadata_admin.n", page_token }, { filter: "metadata_admin.n pr", sort: "-metadata_admin.n", page_token },
  ]) {
    const refused = await client.GET("/admin/identities", { params: { query } });
    assert.equal(refused.response.status, 400, JSON.stringify(query));
  }
}
