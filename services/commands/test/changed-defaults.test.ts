import { hash } from "node:crypto";
import { installation } from "@taem/host";
import { account, keyReservations } from "@taem/ledger/events";
import { member, referenceReservations } from "@taem/member/events";
import { codeReservations, programme } from "@taem/programme/events";
import { createCatalogue } from "@taem/schema";
import type { Api } from "@taem/testing/api";
import { type Service, startService } from "@taem/testing/commands-service";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { openTestStore, type TestStore, wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  type Done,
  doEveryOperation,
  type Sent,
  send,
  statusAgain,
  type Way,
} from "./support/every-operation.ts";

// A default may be changed: what was sent before is recognised when it is sent again, whichever program took it first.
// In it, ids of another spelling are recognised too: the earlier program took them as they came. In this file every default is another than the one that the log was written under.

vi.mock("../../../packages/contexts/ledger/src/api/defaults.ts", () => ({
  DEFAULTS: {
    earn: { reason: "sale" },
    burn: { redemption: "gift" },
    hold: { redemption: "gift" },
    reverse: { reason: "refund" },
  },
}));

const { events: written } = createCatalogue([
  installation,
  account,
  programme,
  member,
  keyReservations,
  codeReservations,
  referenceReservations,
]);

type Written = ReturnType<typeof written.decode>;

/** What left a field out meant when the log was written. */
const THEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  earn: { reason: "purchase" },
  burn: { redemption: "reward" },
  hold: { redemption: "reward" },
  reverse: { reason: "return" },
};

/** Of what each program's fingerprints are made. */
const GENERATIONS: Readonly<Record<string, Generation>> = {
  "that covered what the schema had filled in": {
    fingerprintOf: (sent, _, parties) => fingerprintOfOld(sent, parties),
    form: "NFD",
  },
  "that covers what was sent": { fingerprintOf: (_, fingerprint) => fingerprint, form: "NFC" },
};

interface Generation {
  readonly fingerprintOf: (sent: Sent, fingerprint: string, to: Parties) => string;
  /** Of the ids of its keys. */
  readonly form: "NFC" | "NFD";
}

interface Parties {
  readonly programme: string;
  readonly member: string;
  readonly to: string;
}

/** By the rule as it was: canonical JSON of the decoded body with its defaults, without its key. */
function fingerprintOfOld({ op, body, target }: Sent, { to, ...account }: Parties): string {
  const { origin } = body as { origin?: Sent["source"] };
  const decoded = {
    ...THEN[op],
    ...body,
    ...(origin === undefined ? {} : { origin: { ...origin, id: origin.id.normalize("NFD"), leg: "main" } }),
    ...("occurredAt" in body ? { occurredAt: Date.parse(String(body["occurredAt"])) } : {}),
    ...("expiresAt" in body ? { expiresAt: Date.parse(String(body["expiresAt"])) } : {}),
    ...("to" in body ? { to } : {}),
    ...("member" in target ? {} : { ordinal: target["hold"] ?? target["adjustment"] }),
  };
  const text = canonical({ ...decoded, account: { ...account, currency: "PTS" }, type: op });
  return hash("sha256", text, "hex").slice(0, 32);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner === null || typeof inner !== "object"
      ? inner
      : Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}

let fixture: Fixture;
let done: readonly Done[];

beforeAll(async () => {
  fixture = await openFixture();
  done = await doEveryOperation({ clerk: fixture.api, manager: fixture.service.api({ name: "manager" }) });
});

afterAll(() => fixture.close());

/** The event as an earlier program would have written it. */
function asThen(event: Written, { fingerprintOf, form }: Generation): Written {
  if (!("fingerprint" in event)) return event;
  const { sent } = done.find((one) => one.sent.source.id === event.key.id) as Done;
  const { answer } = done.find((one) => one.sent.op === "transfer") as Done;
  const { to } = answer.body.effect.transfer;
  const parties = { programme: event.programme, member: event.member, to };
  const fields = Object.keys(event).flatMap((name) => {
    const value = THEN[sent.op]?.[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...event,
    ...Object.fromEntries(fields),
    key: { ...event.key, id: event.key.id.normalize(form) },
    fingerprint: fingerprintOf(sent, event.fingerprint, parties),
  } as Written;
}

describe.each(Object.keys(GENERATIONS))("commands of a program %s", (generation) => {
  let testStore: TestStore;
  let service: Service;
  let apis: Readonly<Record<Sent["by"], Api>>;

  beforeAll(async () => {
    testStore = await openTestStore();
    for (const { stream, slice, revision, ...record } of await wholeLog(fixture.testStore.store)) {
      const event = asThen(written.decode(record), GENERATIONS[generation] as Generation);
      const { id, type, meta } = record;
      const events = [{ id, type, meta, data: written.encode(event) }];
      await testStore.store.append([{ stream, slice, expectedRevision: revision - 1, events }]);
    }
    const TAEM_HMAC_KEY = fixture.service.platform.hmacKey.export().toString("hex");
    service = await startService(testStore, { environment: { TAEM_HMAC_KEY } });
    apis = { clerk: service.api(), manager: service.api({ name: "manager" }) };
  });

  afterAll(async () => {
    await service.close();
    await testStore.close();
  });

  test.each(["alone", "bulk"] satisfies Way[])("are recognised when they are sent again, %s", async (way) => {
    const before = await testStore.store.head();
    for (const { sent, answer } of done) {
      const again = await send(apis, sent, way);
      expect([sent.op, again.status, again.body.effect]).toEqual([
        sent.op,
        statusAgain(answer),
        answer.body.effect,
      ]);
    }
    expect(await testStore.store.head()).toBe(before);
  });

  test("are others once they say more than they said", async () => {
    for (const { sent } of done.filter((one) => one.sent.op in THEN)) {
      const [field] = Object.keys(THEN[sent.op] as object) as [string];
      const said = await send(apis, sent, "alone", { [field]: "something-else" });
      expect([sent.op, said.status, said.body.code]).toEqual([sent.op, 422, "key_reused"]);
    }
  });
});
