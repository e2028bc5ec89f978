import { type Fixture, openFixture } from "@taem/testing/fixture";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineProgramme } from "./support/fixture.ts";

// Failure: the first lines that a process is sent after its start each read what all of them need, hundreds of times at once, and
// wait for that longer than their sender does: their outcome is not known.

const LINES = 500;

let fixture: Fixture;
let shop: string;

beforeAll(async () => {
  fixture = await openFixture();
  shop = await defineProgramme(fixture.api, "shop");
});

afterAll(() => fixture.close());

test.each([
  ["enrolments", (i: number) => ({ op: "enrol", externalId: `new-${i}` })],
  [
    "commands",
    (i: number) => ({
      ...{ op: "earn", member: "ext:known", currency: "PTS", points: "1" },
      source: { system: "pos", id: `e${i}` },
    }),
  ],
])(
  "the first %s of a process that knows nothing yet read their programme a few times together",
  async (_, line) => {
    await fixture.api.post(`${shop}/members`, { externalId: "known" });
    const reads: string[] = [];
    const { store } = fixture.testStore;
    const counting: typeof store = {
      ...store,
      read: (requests) => {
        reads.push(...requests.map(({ stream }) => stream));
        return store.read(requests);
      },
    };
    const service = await fixture.another({ store: counting });
    const answers = await service.api().bulk(
      "shop",
      Array.from({ length: LINES }, (_, i) => line(i)),
    );
    expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
    const ofProgramme = reads.filter((stream) => stream.startsWith("taem.programme-"));
    expect(ofProgramme.length).toBeGreaterThan(0);
    expect(ofProgramme.length).toBeLessThan(LINES / 10);
  },
);

test("of a programme that there is not, all lines that come together are told by a few looks", async () => {
  const reads: string[] = [];
  const { store } = fixture.testStore;
  const counting: typeof store = {
    ...store,
    read: (requests) => {
      reads.push("read");
      return store.read(requests);
    },
  };
  const service = await fixture.another({ store: counting });
  const lines = Array.from({ length: LINES }, (_, i) => ({ op: "enrol", externalId: `n${i}` }));
  for (const { status, problem } of await service.api().bulk("nowhere", lines))
    expect([status, problem.code]).toEqual([404, "programme_unknown"]);
  expect(reads.length).toBeLessThan(LINES / 10);
});
