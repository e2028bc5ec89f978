import { loadParked } from "@taem/processing";
import type { Programme } from "@taem/programme/definitions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountAggregate } from "../src/application/account-aggregate.ts";
import type { AccountEvent } from "../src/events.ts";
import { keyNamed, TestAccount } from "./domain/support/account.ts";
import { Installation } from "./support/installation.ts";

// Failures: an event whose figures do not fit together is appended; or it is in the log, and balances and journal say
// different sums from then on, each of which looks right.

type Alter = (event: AccountEvent) => AccountEvent;

const statesMore: Alter = (event) => ({ ...event, book: event.book + 1n });
const postsMore: Alter = (event) => ("takes" in event ? { ...event, amount: event.amount + 1n } : event);
/** Of the first lot alone, whatever it has. */
const takes =
  (amount: bigint, book: bigint): Alter =>
  (event) => {
    if (event.type !== "PointsBurned") return event;
    return { ...event, amount, takes: event.takes.map((take) => ({ ...take, amount })), book };
  };
const issuedMore: Alter = (event) =>
  event.type === "EarnReversed"
    ? { ...event, issuance: event.issuance.map((part) => ({ ...part, amount: part.amount + 1n })) }
    : event;

describe("what is about to be appended is refused", () => {
  test.each<[what: string, alter: Alter, says: string]>([
    [
      "states a balance that its lots do not come to",
      statesMore,
      "it states a book balance of 1, its lots sum to 0",
    ],
    ["has postings that do not sum to zero", issuedMore, "the postings of an event sum to zero"],
  ])("where it %s", (_, alter, says) => {
    const account = new TestAccount();
    account.earn(10n, { key: keyNamed("sale") });
    account.burn(7n);
    const before = account.log.reduce(accountAggregate.evolve, accountAggregate.initial());
    const [returned] = account.returnOf("sale") as readonly [AccountEvent];
    const { draft, evolve } = accountAggregate;
    expect(() => evolve(draft(before), alter(returned))).toThrow(says);
    expect(evolve(draft(before), returned).state.debt).toBe(7n);
  });
});

describe("what is in the log parks its account and no other, and says why", () => {
  let installation: Installation;
  let programme: Programme;

  beforeAll(async () => {
    installation = await Installation.open(17);
    programme = await installation.simulation.defineProgramme("one", "Asia/Bangkok");
  }, 60_000);
  afterAll(() => installation[Symbol.asyncDispose]());

  const key = keyNamed("sale");
  const earn = { type: "earn", by: { points: 10n }, reason: "purchase", key } as const;
  const burn = { type: "burn", points: 7n, redemption: "reward" } as const;
  const takeBack = { type: "reverse", origin: key, by: { all: true }, reason: "return" } as const;

  test.each([
    [
      "begins with a balance that its lots do not come to",
      [],
      earn,
      statesMore,
      "states a book balance of 11",
    ],
    [
      "goes on to a balance that its lots do not come to",
      [earn],
      burn,
      statesMore,
      "not all of 1 rows to change",
    ],
    ["posts what its lots do not change by", [earn], burn, postsMore, "lots and postings differ by 1"],
    ["leaves less than nothing", [earn], burn, takes(12n, -2n), "states a book balance below zero: -2"],
    [
      "leaves less than nothing of a lot",
      [earn, { ...earn, key: keyNamed("second sale") }],
      burn,
      takes(15n, 5n),
      "not all of 1 rows to change",
    ],
    ["debits what it does not credit", [earn, burn], takeBack, issuedMore, "what an event credits it debits"],
  ])("where it %s", async (_, sound, last, alter, says) => {
    const { simulation, database, projector } = installation;
    const account = simulation.open(programme, "POINT");
    for (const request of sound) simulation.act(account, request);
    await simulation.settle();
    await installation.project();
    const neighbour = simulation.open(programme, "POINT");
    simulation.act(neighbour, { ...earn, key: keyNamed("other") });
    expect(simulation.act(account, last)).toHaveLength(1);
    account.waiting = account.waiting.map(alter);
    await simulation.settle();
    await installation.project();

    const parked = await loadParked(database, "taem_ledger");
    expect(parked.find(({ key }) => key === account.stream)?.error).toContain(says);
    expect(parked.some(({ key }) => key === neighbour.stream)).toBe(false);
    const lines = await database.query("SELECT FROM taem_ledger.statement_lines WHERE member = ANY ($1)", [
      [account.member, neighbour.member],
    ]);
    expect(lines.rowCount).toBe(sound.length + 1);
    expect(projector.status().stopped.size).toBe(0);
  });
});
