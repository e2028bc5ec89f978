import type { Keyed, Snapshots } from "@taem/event-store";
import { Tokens } from "@taem/http";
import { AppliedKeys } from "@taem/kernel";
import type { Programme } from "@taem/programme/definitions";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { accountAggregate } from "../src/application/account-aggregate.ts";
import type { AccountState } from "../src/domain/index.ts";
import type { AccountEvent } from "../src/events.ts";
import type { Api } from "./support/api.ts";
import { DAY } from "./support/definitions.ts";
import { balanceAsOf, balanceOf, eventsOf, stateBy, written } from "./support/expected.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

let installation: Installation;
let api: Api;
let accounts: readonly Account[];

beforeAll(async () => {
  installation = await Installation.open(21);
  await installation.populate(40, 1_200, 120);
  await installation.project();
  api = installation.api;
  accounts = [...installation.simulation.accounts];
}, 120_000);
afterAll(() => installation[Symbol.asyncDispose]());

const iso = (at: number) => new Date(at).toISOString();
const pathOf = ({ programme, member, currency }: Account, what: string) =>
  `${programme.code}/members/${member}/${what}?currency=${currency.code}`;

function busiest(): Account {
  return accounts.reduce((a, b) => (a.state.revision > b.state.revision ? a : b));
}

test("a hold that is over gives back nothing that a return has waived, before the sweep as after it", async () => {
  const { simulation } = installation;
  const account = simulation.open(simulation.programmes[0] as Programme, "STAR");
  await simulation.enrol(account);
  const sale = { system: "pos", id: "sale", leg: "main" };
  simulation.act(account, { type: "earn", by: { points: 100n }, reason: "sale", key: sale });
  simulation.act(account, { type: "hold", points: 100n, redemption: "reward", timeoutSeconds: 60 });
  simulation.act(account, { type: "reverse", origin: sale, by: { all: true }, reason: "return" });
  simulation.now += 60_000;
  installation.now = simulation.now;
  await simulation.settle();
  await installation.project();
  const seen = async () => (await api.get(pathOf(account, "balance"))).body.balance;
  expect(await seen()).toMatchObject({ book: "100", available: "0", held: "0", due: "100" });
  simulation.sweep(account);
  await simulation.settle();
  await installation.project();
  expect(await seen()).toMatchObject({ book: "0", available: "0", held: "0", due: "0" });
  expect(await installation.verify()).toMatchObject({ ok: true });
});

describe("a balance", () => {
  test("of the read model, and one folded from the events, are what the domain says", async () => {
    for (const account of accounts) {
      const expected = written(balanceOf(account, account.state, installation.now));
      const eventual = await api.get(pathOf(account, "balance"));
      expect(eventual).toMatchObject({ status: 200, body: { balance: expected, at: iso(installation.now) } });
      const strong = await api.get(`${pathOf(account, "balance")}&consistency=strong`);
      expect(strong.body).toEqual(eventual.body);
    }
  });

  test("at instants of the past, as known then and as known now, is the fold of what counted", async () => {
    const head = await installation.store.head();
    for (const account of accounts.slice(0, 12)) {
      const events = await eventsOf(installation.store, account);
      for (const daysAgo of [3, 40, 90]) {
        const asOf = installation.now - daysAgo * DAY;
        const expected = written(balanceAsOf(account, events, asOf));
        const answer = await api.get(`${pathOf(account, "balance")}&asOf=${iso(asOf)}`);
        expect(answer.body).toMatchObject({ balance: expected, at: iso(asOf), cut: { position: head } });
      }
    }
  });

  test("as known on a date leaves out what was recorded later", async () => {
    const account = busiest();
    const events = await eventsOf(installation.store, account);
    const middle = events[Math.floor(events.length / 2)];
    const knownAt = middle?.record.recordedAt ?? 0;
    const position = await installation.store.positionAt(knownAt);
    const asOf = installation.now;
    const expected = written(balanceAsOf(account, events, asOf, position));
    const answer = await api.get(`${pathOf(account, "balance")}&knownAt=${iso(knownAt)}&asOf=${iso(asOf)}`);
    expect(answer.body).toMatchObject({ balance: expected, knownAt: iso(knownAt), cut: { position } });
  });

  test("at an instant to come lets time run its course", async () => {
    const account = accounts.find(({ state }) => state.book > 0n) as Account;
    const asOf = installation.now + 400 * DAY;
    const events = await eventsOf(installation.store, account);
    const expected = written(balanceAsOf(account, events, asOf));
    expect(expected).toMatchObject({ book: "0", due: "0" });
    const answer = await api.get(`${pathOf(account, "balance")}&asOf=${iso(asOf)}`);
    expect(answer.body).toMatchObject({ balance: expected, nextExpiry: null });
  });

  test("says what expires next", async () => {
    const answers = await Promise.all(accounts.map((account) => api.get(pathOf(account, "balance"))));
    const next = answers.flatMap(({ body }) => body.nextExpiry ?? []);
    expect(next.length).toBeGreaterThan(10);
    for (const { at, points } of next) {
      expect(Date.parse(at)).toBeGreaterThan(installation.now);
      expect(BigInt(points)).toBeGreaterThan(0n);
    }
  });

  test("of a member without any event in a currency is nothing", async () => {
    const account = accounts.find(({ currency }) => currency.code === "POINT") as Account;
    const answer = await api.get(`${account.programme.code}/members/${account.member}/balance?currency=STAR`);
    expect(answer).toMatchObject({
      status: 200,
      body: { scale: 2, balance: { book: "0", debt: "0" }, nextExpiry: null },
    });
  });
});

describe("lots", () => {
  test("come page by page in burn order, and add up to the book balance", async () => {
    for (const account of accounts.slice(0, 10)) {
      const lots = await allPages(`${pathOf(account, "lots")}&limit=3`);
      expect(lots.map(({ lot }) => lot)).toEqual(account.state.open);
      const sum = lots.reduce((total, lot) => total + BigInt(lot.remaining), 0n);
      expect(sum).toBe(account.state.book);
    }
  });

  test("say which of them are pending and which are over", async () => {
    const lots = (await Promise.all(accounts.map((account) => allPages(pathOf(account, "lots"))))).flat();
    const at = installation.now;
    for (const lot of lots) {
      const isOver = lot.expiresAt !== null && Date.parse(lot.expiresAt) <= at;
      const isPending = Date.parse(lot.availableFrom) > at;
      expect(lot.status).toBe(isOver ? "due" : isPending ? "pending" : "available");
    }
    expect(new Set(lots.map(({ status }) => status))).toEqual(new Set(["due", "pending", "available"]));
  });
});

/** Members of a lot, a line or an event. */
interface Item {
  readonly lot: number;
  readonly remaining: string;
  readonly status: string;
  readonly availableFrom: string;
  readonly expiresAt: string | null;
  readonly no: number;
  readonly delta: string;
  readonly book: string;
  readonly reason: string;
  readonly id: string;
  readonly type: string;
}

async function allPages(path: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor = ""; ; ) {
    const { body, status } = await api.get(cursor === "" ? path : `${path}&cursor=${cursor}`);
    expect(status).toBe(200);
    items.push(...body.items);
    if (body.next === undefined) return items;
    cursor = body.next;
  }
}

describe("a statement", () => {
  test("has a line with a reason for every event, newest first, whose deltas add up to each balance", async () => {
    for (const account of accounts.slice(0, 10)) {
      const lines = await allPages(`${pathOf(account, "statement")}&limit=7`);
      expect(lines.map(({ no }) => no)).toEqual(Array.from(lines, (_, i) => account.state.revision - i));
      let book = 0n;
      for (const line of lines.toReversed()) {
        book += BigInt(line.delta);
        expect(line.book).toBe(String(book));
        expect(line.reason).not.toBe("");
      }
      expect(book).toBe(account.state.book);
    }
  });

  test("of the read model and of the events are the same", async () => {
    const path = `${pathOf(busiest(), "statement")}&limit=25`;
    const eventual = await api.get(path);
    const strong = await api.get(`${path}&consistency=strong`);
    expect(strong.body).toEqual(eventual.body);
    const next = await api.get(`${path}&consistency=strong&cursor=${eventual.body.next}`);
    expect(next.body.items[0].no).toBe(eventual.body.items.at(-1).no - 1);
  });

  test("as of an instant ends in the balance of that instant", async () => {
    const account = busiest();
    const asOf = installation.now - 30 * DAY;
    const { body } = await api.get(`${pathOf(account, "statement")}&asOf=${iso(asOf)}`);
    const events = await eventsOf(installation.store, account);
    expect(body.items[0].book).toBe(String(stateBy(events, asOf).book));
    for (const { effectiveAt } of body.items) expect(Date.parse(effectiveAt)).toBeLessThanOrEqual(asOf);
  });
});

test("the events of an account are shown as recorded: amounts as strings, instants in RFC 3339", async () => {
  const account = busiest();
  const events = await eventsOf(installation.store, account);
  const shown = await allPages(`${pathOf(account, "events")}&limit=11`);
  expect(shown.map(({ id }) => id)).toEqual(events.map(({ record }) => record.id));
  const earn = shown.find(({ type }) => type === "PointsEarned") as unknown as Record<string, unknown>;
  expect(earn).toMatchObject({
    actor: "simulation",
    version: 1,
    data: { member: account.member, lot: { no: expect.any(Number) } },
  });
  const { data } = earn as {
    data: { effectiveAt: string; book: string; lot: { amount: string; earnedAt: string } };
  };
  const original = events.find(({ event }) => event.type === "PointsEarned")?.event;
  expect(Date.parse(data.effectiveAt)).toBe(original?.effectiveAt);
  expect(data.effectiveAt).toMatch(/^\d{4}-\d\d-\d\dT/);
  expect(data.book).toBe(String(original?.book));
});

describe("a strong answer about a long account", () => {
  afterEach(async () => {
    vi.restoreAllMocks();
    await installation.database.query("DELETE FROM taem_snapshots.snapshots");
  });

  /** Asks, and tells after which revisions the stream was read. */
  async function ask(path: string) {
    const reads = vi.spyOn(installation.store, "readStream");
    const { body } = await api.get(`${path}&consistency=strong`);
    return { body, readAfter: reads.mock.calls.map(([, revision]) => revision) };
  }

  const { schema, write } = accountAggregate.snapshots as Snapshots<Keyed<AccountState>, AccountEvent>;

  function save({ stream }: Account, revision: number, state: Uint8Array): Promise<void> {
    return installation.program.platform.snapshots.save([{ stream, revision, schema, state }]);
  }

  /** What the write side would keep, but for its last events. */
  async function keptOf(account: Account, left = 3): Promise<Keyed<AccountState>> {
    const events = await eventsOf(installation.store, account);
    const { initial, evolve } = accountAggregate;
    return events
      .slice(0, events.length - left)
      .reduce((state, { event }) => evolve(state, event), initial());
  }

  test("begins with the snapshot and reads its last event and what came after it", async () => {
    const account = busiest();
    const path = pathOf(account, "balance");
    const { body: folded } = await ask(path);
    const kept = await keptOf(account);
    await save(account, kept.revision, write(kept));
    expect(await ask(path)).toEqual({ body: folded, readAfter: [0, account.state.revision - 4] });
  });

  test.each([
    [
      "says another book than the event",
      (kept: Keyed<AccountState>) => void Object.assign(kept.state, { book: kept.state.book + 1n }),
    ],
    [
      "does not have the event's key",
      (kept: Keyed<AccountState>) => void Object.assign(kept, { keys: new AppliedKeys() }),
    ],
  ])("drops a snapshot that %s, and folds the stream from its start", async (_, forge) => {
    const account = busiest();
    const path = pathOf(account, "balance");
    const { body: folded } = await ask(path);
    const kept = await keptOf(account);
    const last = (await eventsOf(installation.store, account))[kept.revision - 1];
    expect(last?.event).toHaveProperty("key");
    forge(kept);
    await save(account, kept.revision, write(kept));
    const from = kept.revision - 1;
    expect(await ask(path)).toEqual({ body: folded, readAfter: [0, from, 0] });
    // Once: it is gone.
    expect(await ask(path)).toEqual({ body: folded, readAfter: [0, from, 0, 0] });
  });

  test("drops a snapshot that has more events than the stream, or that this installation has not sealed", async () => {
    const account = busiest();
    const path = pathOf(account, "balance");
    const { body: folded } = await ask(path);
    const whole = await keptOf(account, 0);
    await save(account, whole.revision + 5, write(whole));
    expect(await ask(path)).toEqual({ body: folded, readAfter: [0, whole.revision + 4, 0] });
    await save(account, whole.revision, write(whole));
    await installation.database.query("UPDATE taem_snapshots.snapshots SET seal = sha256(seal)");
    expect(await ask(path)).toMatchObject({ body: folded, readAfter: [0, whole.revision + 4, 0, 0] });
    expect(installation.program.complaints.join()).toContain("a snapshot is not what its stream says");
  });

  test("does without a snapshot that cannot be read, and answers about the past never use one", async () => {
    const account = busiest();
    const path = pathOf(account, "balance");
    const { body: folded } = await ask(path);
    await save(account, 5, Buffer.from("{"));
    expect(await ask(path)).toEqual({ body: folded, readAfter: [0, 4, 0] });
    const { body } = await api.get(`${path}&asOf=${iso(installation.now)}`);
    const { due, book, ...same } = folded.balance;
    expect(body.balance).toEqual({ ...same, due: "0", book: String(BigInt(book) - BigInt(due)) });
  });

  test("reads no more of the events than its page of the statement needs, however little the read model knows", async () => {
    const account = busiest();
    const path = `${pathOf(account, "statement")}&limit=4`;
    const { revision } = account.state;
    const { body, readAfter } = await ask(path);
    expect(readAfter).toEqual([revision - 5]);
    expect(await ask(`${path}&cursor=${body.next}`)).toMatchObject({
      readAfter: [revision - 5, revision - 9],
    });

    const wrong = "UPDATE taem_ledger.balances SET revision = revision + $1 WHERE member = $2";
    await installation.database.query(wrong, [100, account.member]);
    expect((await ask(path)).body.items).toEqual(body.items);
    await installation.database.query(wrong, [-100, account.member]);
  });
});

describe("a request", () => {
  test.each([
    ["an unknown filter", "balance?currency=POINT&colour=red", 400, "unknown_field"],
    ["a malformed instant", "balance?currency=POINT&asOf=yesterday", 400, "malformed_time"],
    ["a currency that the programme has not", "balance?currency=GOLD", 404, "currency_unknown"],
    ["no currency where there are several", "balance", 400, "missing_field"],
    ["a malformed token", "balance?currency=POINT&token=99:x", 400, "malformed_token"],
    ["a malformed cursor", "statement?currency=POINT&cursor=nonsense", 400, "malformed_cursor"],
    [
      "a cursor beyond all pages",
      "statement?currency=POINT&cursor=WzMwMDAwMDAwMDBd",
      400,
      "malformed_cursor",
    ],
    ["a cursor before all pages", "events?currency=POINT&cursor=Wy0xXQ", 400, "malformed_cursor"],
    ["a cursor of no lot", "lots?currency=POINT&cursor=WzEsMSwzMDAwMDAwMDAwXQ", 400, "malformed_cursor"],
    ["a page that is too large", "statement?currency=POINT&limit=1000000", 400, "value_out_of_range"],
  ])("with %s is refused", async (_, what, __, code) => {
    const account = accounts[0] as Account;
    const { status, body } = await api.get(`${account.programme.code}/members/${account.member}/${what}`);
    expect(body.code).toBe(code);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  test("about a member or programme that does not exist is refused", async () => {
    const account = accounts[0] as Account;
    const unknown = await api.get(`nowhere/members/${account.member}/balance?currency=POINT`);
    expect(unknown).toMatchObject({ status: 404, body: { code: "programme_unknown" } });
    const other = accounts.find(({ programme }) => programme !== account.programme) as Account;
    const foreign = await api.get(`${account.programme.code}/members/${other.member}/balance?currency=POINT`);
    expect(foreign).toMatchObject({ status: 404, body: { code: "member_unknown" } });
  });
});

describe("while the read model is behind", () => {
  test("a token waits for the caller's own write, and says so when it takes too long", async () => {
    const { simulation, store } = installation;
    const account = accounts.find(({ currency }) => currency.code === "POINT") as Account;
    const before = account.state.book;
    const goOn = await installation.holdUp();
    simulation.act(account, { type: "earn", by: { points: 77n }, reason: "bonus" });
    await simulation.settle();
    const place = { slice: account.slice, position: await store.head() };
    const token = new Tokens(installation.program.platform).seal(account.programme.id, [place]);
    const path = pathOf(account, "balance");

    const strong = await api.get(`${path}&consistency=strong`);
    expect(strong.body.balance.book).toBe(String(account.state.book));
    const old = await api.get(path);
    expect(old.body.balance.book).toBe(String(before));
    const late = await api.get(`${path}&token=${token}`);
    expect(late).toMatchObject({ status: 503, body: { code: "read_model_behind", retryable: true } });

    const waiting = api.get(`${path}&token=${token}`);
    await goOn();
    expect((await waiting).body.balance.book).toBe(String(account.state.book));
  });

  test("an answer about an account that is not followed any more says so", async () => {
    const account = accounts[1] as Account;
    await installation.database.query(
      "INSERT INTO taem_ledger.parked VALUES ($1, $2, '0000000000000042', 2, 'Error: poison')",
      [account.slice, account.stream],
    );
    const answer = await api.get(pathOf(account, "balance"));
    expect(answer.body.parked).toEqual({ since: "0000000000000042" });
    await installation.database.query("DELETE FROM taem_ledger.parked");
  });
});
