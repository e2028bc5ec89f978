import { permissionsOf } from "@taem/ledger/api";
import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { source, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doEveryOperation, send, statusAgain } from "./support/every-operation.ts";
import { defineProgramme, done, enrol, setClock } from "./support/fixture.ts";

// A refund says which lots were restored, which were replaced and what expired at once; and says the same for ever.

const PTS = { currency: "PTS" };
const NOON = "2026-03-10T05:00:00.000Z";
const day = (date: string, time = "00:00:00.000") => `2026-03-${date}T${time}Z`;

let fixture: Fixture;
let api: Api;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
});

afterAll(() => fixture.close());

interface Refund {
  readonly graceDays?: number;
  /** When each of the lots, of 10 points, expires. */
  readonly lots: readonly string[];
  readonly burned: number;
  /** Taken back from the first lot's earn while its points are spent: what the member owes. */
  readonly owed?: number;
  /** Where the clock stands as the refund comes, and what it says of its own time. */
  readonly now: string;
  readonly occurredAt?: string;
  readonly returned: unknown;
}

const part = (lot: number, points = "10") => ({ lot, points });

const REFUNDS: Readonly<Record<string, Refund>> = {
  "to lots that live": {
    lots: [day("20"), day("21")],
    burned: 15,
    now: day("15"),
    returned: { restored: [part(2, "5"), part(1)], replaced: [], expired: [] },
  },
  "to a dead lot, which expires at once": {
    lots: [day("20"), day("30")],
    burned: 15,
    now: day("25"),
    returned: { restored: [part(2, "5"), part(1)], replaced: [], expired: [part(1)] },
  },
  "dated before its lot died": {
    lots: [day("20")],
    burned: 10,
    now: day("25"),
    occurredAt: day("15"),
    returned: { restored: [part(1)], replaced: [], expired: [part(1)] },
  },
  "dated ahead, to after its lot dies": {
    lots: [day("25", "00:02:00.000")],
    burned: 10,
    now: day("25"),
    occurredAt: day("25", "00:04:00.000"),
    returned: { restored: [part(1)], replaced: [], expired: [] },
  },
  "to a dead lot, which days of grace replace": {
    graceDays: 5,
    lots: [day("20"), day("30")],
    burned: 15,
    now: day("25"),
    returned: {
      restored: [part(2, "5")],
      replaced: [
        {
          ...part(3),
          replaces: 1,
          availableFrom: day("25"),
          expiresAt: "2026-03-30T17:00:00.000Z",
          lastDay: "2026-03-30",
        },
      ],
      expired: [],
    },
  },
  "to a dead lot that owes": {
    lots: [day("20")],
    burned: 10,
    owed: 4,
    now: day("25"),
    returned: { restored: [part(1)], replaced: [], expired: [part(1, "6")] },
  },
  "of more expiries than are read at once": {
    lots: Array.from({ length: 40 }, (_, i) => day("12", `00:00:00.${String(100 + i)}`)),
    burned: 400,
    now: day("25"),
    returned: {
      restored: Array.from({ length: 40 }, (_, i) => part(40 - i)),
      replaced: [],
      expired: Array.from({ length: 40 }, (_, i) => part(i + 1)),
    },
  },
};

describe.each(Object.entries(REFUNDS))("a refund %s", (what, refund) => {
  const code = what.replace(/[^a-z]+/g, "-");
  const key = source("refund");

  test("tells where its points went", async () => {
    const shop = await defineProgramme(api, code, {
      clock: { mode: "replay", at: NOON },
      clawback: "unlimited",
      returnGraceDays: refund.graceDays ?? 0,
    });
    const [member] = (await enrol(api, shop, "malee")) as [string];
    for (const [i, expiresAt] of refund.lots.entries())
      await done(api, `${member}/earn`, { ...PTS, points: "10", expiresAt, source: source(`e${i}`) });
    await done(api, `${member}/burn`, { ...PTS, points: String(refund.burned), source: source("burn") });
    if (refund.owed !== undefined) {
      const owed = { ...PTS, points: String(refund.owed), origin: source("e0") };
      await done(api, `${member}/reversals`, owed, "owed");
    }
    await setClock(api, shop, refund.now);
    const body = {
      ...PTS,
      ...(refund.occurredAt && { occurredAt: refund.occurredAt }),
      origin: source("burn"),
      all: true,
      source: key,
    };
    const first = await done(api, `${member}/reversals`, body);
    expect(first.effect).toMatchObject({ kind: "burn_reversed", points: String(refund.burned) });
    expect(first.effect.returned).toEqual(refund.returned);

    const again = async (asking: Api) => {
      const alone = await asking.post(`${member}/reversals`, body);
      const [line] = await asking.bulk(code, [{ op: "reverse", member: "ext:malee", ...body }]);
      for (const answer of [alone, { status: line?.status, body: line?.result }])
        expect([answer.status, answer.body?.effect]).toEqual([200, first.effect]);
    };
    await again(api);
    // What is left dies by itself, and more happens: none of that is the refund's.
    await setClock(api, shop, day("31"));
    await done(api, `${member}/earn`, { ...PTS, points: "1" }, "later");
    await again(api);
    await using other = await fixture.another();
    await again(other.api());
  });
});

test("repeated in the request that it is first in, it is told from what was only just decided", async () => {
  const shop = await defineProgramme(api, "at-once", { clock: { mode: "replay", at: NOON } });
  const [member] = (await enrol(api, shop, "malee")) as [string];
  await done(api, `${member}/earn`, { ...PTS, points: "10", expiresAt: day("20") }, "e");
  await done(api, `${member}/burn`, { ...PTS, points: "10", source: source("burn") });
  await setClock(api, shop, day("25"));
  const origin = source("burn");
  const line = { op: "reverse", member: "ext:malee", ...PTS, origin, all: true, source: source("r") };
  const later = { op: "earn", member: "ext:malee", ...PTS, points: "1", source: source("later") };
  const [first, , again] = await api.bulk("at-once", [line, later, line]);
  expect([first?.status, again?.status]).toEqual([201, 200]);
  expect(first?.result.effect).toMatchObject({ returned: { expired: [part(1)] } });
  expect(again?.result.effect).toEqual(first?.result.effect);
});

test("every operation says a year later, in another zone, what it said at first", async () => {
  const apis = { clerk: api, manager: fixture.service.api({ name: "manager" }) };
  const all = await doEveryOperation(apis);
  expect([...new Set(all.map(({ sent }) => sent.op))].toSorted()).toEqual(
    Object.keys(permissionsOf).toSorted(),
  );
  const path = "/v1/programmes/every";
  await setClock(api, path, "2027-03-10T03:00:00Z");
  const { body } = await succeeds(api.put(path, { name: "every", zone: "Pacific/Honolulu" }));
  const { proposal } = body as unknown as { readonly proposal: string };
  await succeeds(apis.manager.post(`${path}/proposals/${proposal}/approve`, {}));
  await using other = await fixture.another();
  for (const instance of [apis, { clerk: other.api(), manager: other.api({ name: "manager" }) }]) {
    for (const { sent, answer } of all) {
      for (const way of ["alone", "bulk"] as const) {
        const again = await send(instance, sent, way);
        expect([again.status, again.body.effect]).toEqual([statusAgain(answer), answer.body.effect]);
      }
    }
  }
});
