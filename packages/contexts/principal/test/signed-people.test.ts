import { createHmac, createSecretKey } from "node:crypto";
import type { ReadRequest } from "@taem/event-store";
import { MemoryEventStore } from "@taem/event-store/testing/memory-event-store";
import { derivedKey } from "@taem/runtime";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { type HeldRole, type Person, SignedPeople, type Statement, Statements } from "../src/index.ts";
import { roleNames, roleOf } from "../src/roles.ts";
import { type Operating, operating, peoplePermissions } from "./support/operating.ts";

const MINUTE = 60_000;
const keyOf = (byte: number) => derivedKey(createSecretKey(Buffer.alloc(32, byte)), "person");
const here = { personKey: keyOf(7), installation: "here" };

class CountingStore extends MemoryEventStore {
  lookUps = 0;

  override read(requests: readonly ReadRequest[]) {
    this.lookUps += 1;
    return super.read(requests);
  }
}

let store: CountingStore;
let operator: Operating;
let elapsed = 0;
let people: SignedPeople;
let noted: [string, number][];

beforeEach(() => {
  store = new CountingStore();
  operator = operating(store);
  elapsed = 0;
  noted = [];
  people = new SignedPeople({
    store,
    statements: new Statements(here),
    permissions: peoplePermissions,
    clock: { now: () => operator.time.now },
    elapsed: () => elapsed,
    uses: { note: (name, at) => void noted.push([name, at]) },
  });
});
afterEach(() => operator.close());

const held = (role: string, programme: string | null = null): HeldRole => ({ role, programme });
const add = (...roles: HeldRole[]) => operator.people.add(undefined, roles, operator.asking());
const stated = (person: Pick<Person, "id">): Statement => ({
  person: person.id,
  session: "s1",
  expiresAt: operator.time.now + MINUTE,
});
const sign = (statement: Statement, issuer = here) => new Statements(issuer).sign(statement);

const EVERY = peoplePermissions.names;
const inShop = { programme: "shop", permissions: EVERY };
const nowhere = (...permissions: string[]) => ({ programme: undefined, permissions });

describe("a signed statement", () => {
  it("tells who the person is, and nothing that it is called", async () => {
    const person = await operator.people.add("staff-1042", [held("cashier", "shop")], operator.asking());
    expect(await people.verify(sign(stated(person)), inShop)).toEqual({
      ...{ id: person.id, key: `${person.id}-s1`, name: "person", systems: null },
      ...{ programmes: ["shop"], permissions: ["read", "earn", "burn"] },
    });
    expect(noted).toEqual([[person.id, operator.time.now]]);
  });

  it("is over when it says so, by the server's time, however often it was shown before", async () => {
    const token = sign(stated(await add(held("auditor"))));
    expect(await people.verify(token, inShop)).toBeDefined();
    operator.time.now += MINUTE - 1;
    expect(await people.verify(token, inShop)).toBeDefined();
    operator.time.now += 1;
    expect(await people.verify(token, inShop)).toBeUndefined();
  });

  it("that lasts for longer than a minute is none, but for what two clocks may differ", async () => {
    const person = await add(held("auditor"));
    const lasting = (ms: number) =>
      people.verify(sign({ ...stated(person), expiresAt: operator.time.now + ms }), inShop);
    expect(await lasting(MINUTE + 5_000)).toBeDefined();
    expect(await lasting(MINUTE + 5_001)).toBeUndefined();
  });

  it("of nobody is none", async () => {
    expect(await people.verify(sign(stated({ id: "0123456789abcdef" })), inShop)).toBeUndefined();
  });

  const own = (payload: string) =>
    createHmac("sha256", here.personKey).update(`here ${payload}`).digest("base64url");
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const rewritten = (token: string, change: object) => {
    const [payload = "", mac] = token.slice("taem_person_".length).split(".");
    const said = JSON.parse(Buffer.from(payload, "base64url").toString());
    return `taem_person_${encoded({ ...said, ...change })}.${mac}`;
  };

  it.each<[string, (one: Statement, other: Statement) => string]>([
    ["of another installation's key", (one) => sign(one, { ...here, personKey: keyOf(8) })],
    ["of another installation with the same key", (one) => sign(one, { ...here, installation: "there" })],
    [
      "of the key that it is derived from",
      (one) => sign(one, { ...here, personKey: createSecretKey(Buffer.alloc(32, 7)) }),
    ],
    [
      "of a key for another purpose",
      (one) => sign(one, { ...here, personKey: derivedKey(createSecretKey(Buffer.alloc(32, 7)), "token") }),
    ],
    ["that tells another person", (one, other) => rewritten(sign(one), { person: other.person })],
    ["that tells another end", (one) => rewritten(sign(one), { expiresAt: one.expiresAt + 1 })],
    ["that tells another session", (one) => rewritten(sign(one), { session: "s2" })],
    ["without its MAC", (one) => sign(one).split(".")[0] as string],
    ["with half its MAC", (one) => sign(one).slice(0, -20)],
    ["with something behind it", (one) => `${sign(one)}A`],
    ["in capitals", (one) => sign(one).toUpperCase()],
    [
      "signed, with an end that is no number",
      (one) => {
        const payload = encoded({ ...one, expiresAt: "never" });
        return `taem_person_${payload}.${own(payload)}`;
      },
    ],
    [
      "signed, without a session",
      ({ person, expiresAt }) => {
        const payload = encoded({ person, expiresAt });
        return `taem_person_${payload}.${own(payload)}`;
      },
    ],
    ...["{", "null", "7"].map((text): [string, () => string] => {
      const payload = Buffer.from(text).toString("base64url");
      return [`signed, and ${text}`, () => `taem_person_${payload}.${own(payload)}`];
    }),
  ])("%s is none, and costs no look-up", async (_, forge) => {
    const [one, other] = [stated(await add(held("auditor"))), stated(await add(held("auditor")))];
    store.lookUps = 0;
    expect(await people.verify(forge(one, other), inShop)).toBeUndefined();
    expect([store.lookUps, noted]).toEqual([0, []]);
    expect(await people.verify(sign(one), inShop)).toBeDefined();
  });

  it("with any one character changed is none", async () => {
    const token = sign(stated(await add(held("auditor"))));
    const changed = fc.tuple(fc.nat(token.length - 1), fc.constantFrom(..."AZaz09-_. "));
    await fc.assert(
      fc.asyncProperty(changed, async ([at, character]) => {
        const forged = token.slice(0, at) + character + token.slice(at + 1);
        if (forged !== token) expect(await people.verify(forged, inShop)).toBeUndefined();
      }),
    );
  });
});

describe("what is remembered of people", () => {
  it("is looked up once for many requests", async () => {
    const person = await add(held("auditor"));
    store.lookUps = 0;
    await Promise.all(Array.from({ length: 100 }, () => people.verify(sign(stated(person)), inShop)));
    expect(await people.verify(sign(stated(person)), inShop)).toMatchObject({
      permissions: ["read", "finance"],
    });
    expect(store.lookUps).toBe(1);
  });

  it("follows roles within five seconds, and the end of the person", async () => {
    const { id } = await add(held("cashier", "shop"));
    const now = () => people.verify(sign(stated({ id })), inShop);
    expect(await now()).toMatchObject({ permissions: ["read", "earn", "burn"] });
    await operator.people.setRoles(id, [held("support.read", "shop")], operator.asking());
    elapsed = 5_000;
    expect(await now()).toMatchObject({ permissions: ["read"] });
    await operator.people.deactivate(id, operator.asking());
    elapsed = 10_000;
    expect(await now()).toBeUndefined();
  });
});

describe("where a person may do something", () => {
  it("is the programme of the path, and no other", async () => {
    const token = sign(stated(await add(held("cashier", "shop"))));
    const other = { programme: "other", permissions: EVERY };
    expect(await people.verify(token, other)).toMatchObject({ programmes: [], permissions: [] });
  });

  it("is the whole installation, where a role is held in it", async () => {
    const token = sign(stated(await add(held("operator"), held("cashier", "shop"))));
    expect(await people.verify(token, nowhere("clients"))).toMatchObject({
      ...{ programmes: null, permissions: ["read", "clients", "finance"].toSorted(byTable) },
    });
    expect(await people.verify(token, inShop)).toMatchObject({
      permissions: ["earn", "burn", "read", "clients", "finance"].toSorted(byTable),
    });
  });

  it("is, without a path, those programmes where what is wanted is held", async () => {
    const roles = [held("cashier", "a"), held("support.read", "b"), held("finance.read", "c")];
    const token = sign(stated(await add(...roles)));
    expect(await people.verify(token, nowhere("read"))).toMatchObject({
      ...{ programmes: ["a", "b"], permissions: ["read"] },
    });
    expect(await people.verify(token, nowhere("people"))).toMatchObject({ programmes: [], permissions: [] });
  });

  const byTable = (one: string, other: string) => EVERY.indexOf(one) - EVERY.indexOf(other);

  test("is never more than the roles there give, whatever roles, paths and permissions", async () => {
    const programmes = ["a", "b", "c"];
    const anyRole = fc.record({
      role: fc.constantFrom(...roleNames),
      programme: fc.constantFrom(...programmes),
    });
    const whole = fc.constantFrom([], [held("operator")], [held("auditor")]);
    const wanted = fc.record({
      programme: fc.constantFrom(undefined, ...programmes, "d"),
      permissions: fc.subarray([...EVERY], { minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyRole, { maxLength: 5 }), whole, wanted, async (some, others, asked) => {
        const roles = [...some, ...others];
        const person = await add(...roles).catch(() => undefined);
        fc.pre(person !== undefined);
        const given = (where: string | null) =>
          roles
            .filter(({ programme }) => programme === null || programme === where)
            .flatMap(({ role }) => roleOf(role)?.permissions ?? []);
        const isWanted = (name: string) => asked.permissions.includes(name);
        const principal = await people.verify(sign(stated(person)), asked);
        if (principal === undefined) throw new Error("nobody");
        const reach: readonly (string | null)[] = principal.programmes ?? [null];
        const besides = principal.permissions.filter(
          (name) => asked.programme !== undefined || !isWanted(name),
        );
        for (const where of reach) expect(given(where)).toEqual(expect.arrayContaining(besides));
        if (asked.programme !== undefined) {
          expect(new Set(principal.permissions)).toEqual(new Set(given(asked.programme)));
          return;
        }
        expect(principal.permissions.some(isWanted)).toBe(reach.length > 0);
        for (const where of reach) expect(given(where).some(isWanted)).toBe(true);
        for (const where of programmes)
          if (given(where).some(isWanted)) expect(reach.includes(null) || reach.includes(where)).toBe(true);
      }),
    );
  });

  it("is each of several programmes, for a route that takes what is held in one or what in the other", async () => {
    const token = sign(stated(await add(held("rules.edit", "a"), held("finance.read", "b"))));
    expect(await people.verify(token, nowhere("read", "define", "finance"))).toMatchObject({
      ...{ programmes: ["a", "b"], permissions: ["define", "finance"].toSorted(byTable) },
    });
  });
});
