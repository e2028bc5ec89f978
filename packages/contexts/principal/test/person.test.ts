import { PERMISSIONS } from "@taem/testing/product";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { PersonEvent } from "../src/events.ts";
import {
  addPerson,
  deactivatePerson,
  evolvePerson,
  type HeldRole,
  type Keeper,
  type Person,
  type PersonDecision,
  permissionsIn,
  reachesRole,
  setRoles,
} from "../src/person.ts";
import { conflictOf, roleNames, roleOf } from "../src/roles.ts";

const ID = "00000000000000aa";
const WHOLE: Keeper = { id: "operator", programmes: null };
const of = (...programmes: string[]): Keeper => ({ id: "keeper", programmes });
const held = (role: string, programme: string | null = null): HeldRole => ({ role, programme });

const fold = (events: readonly PersonEvent[], from?: Person) =>
  events.reduce<Person | undefined>(evolvePerson, from) as Person;

const eventsOf = (decision: PersonDecision) => {
  if ("refused" in decision) throw new Error(decision.refused);
  return decision.events;
};

const holding = (...roles: HeldRole[]) =>
  fold([
    { type: "PersonAdded", person: ID },
    ...roles.map(
      ({ role, programme }): PersonEvent => ({
        ...{ type: "RoleGranted", person: ID, role },
        ...(programme === null ? {} : { programme }),
      }),
    ),
  ]);

describe("roles", () => {
  test.each(roleNames)("%s gives permissions that there are, and gives some", (name) => {
    const permissions = roleOf(name)?.permissions ?? [];
    expect(permissions).not.toEqual([]);
    expect(PERMISSIONS).toEqual(expect.arrayContaining([...permissions]));
  });

  test("none of an object's own names is a role", () => {
    for (const name of ["", "toString", "__proto__", "constructor", "Cashier"]) {
      expect(roleOf(name)).toBeUndefined();
      expect(permissionsIn(holding(held(name)), null)).toEqual([]);
    }
  });

  test.each([
    ["users.admin", ["support.adjust", "adjust.approve"]],
    ["auditor", roleNames.filter((name) => !["auditor", "support.read", "finance.read"].includes(name))],
  ])("%s is held beside none of %s", (name, clashing) => {
    for (const other of roleNames) {
      const both = [conflictOf([name, other]), conflictOf([other, name])];
      // Of auditor and users.admin each excludes the other.
      const clashes = clashing.includes(other) || (name === "users.admin" && other === "auditor");
      expect(both.map((conflict) => conflict !== undefined)).toEqual([clashes, clashes]);
    }
  });
});

const REFUSALS: readonly [what: string, code: string, decide: () => PersonDecision][] = [
  ["roles of nobody", "person_unknown", () => setRoles(undefined, [], WHOLE)],
  ["the end of nobody", "person_unknown", () => deactivatePerson(undefined, WHOLE)],
  [
    "roles of one in another programme",
    "person_unknown",
    () => setRoles(holding(held("cashier", "a")), [], of("b")),
  ],
  [
    "roles of one in the installation, by one of a programme",
    "person_unknown",
    () => setRoles(holding(held("auditor")), [], of("a")),
  ],
  [
    "roles of oneself",
    "keeper_must_differ",
    () => setRoles(holding(), [held("operator")], { ...WHOLE, id: ID }),
  ],
  [
    "none of oneself",
    "keeper_must_differ",
    () => setRoles(holding(held("operator")), [], { ...WHOLE, id: ID }),
  ],
  ["the end of oneself", "keeper_must_differ", () => deactivatePerson(holding(), { ...WHOLE, id: ID })],
  [
    "roles of one who is deactivated",
    "person_deactivated",
    () => setRoles(fold([{ type: "PersonDeactivated", person: ID }], holding()), [], WHOLE),
  ],
  [
    "a role in another programme",
    "programme_unknown",
    () => setRoles(holding(held("cashier", "a")), [held("cashier", "b")], of("a")),
  ],
  [
    "a role in the installation, by one of a programme",
    "forbidden",
    () => setRoles(holding(held("cashier", "a")), [held("auditor")], of("a")),
  ],
  [
    "the end of one who is more elsewhere",
    "forbidden",
    () => deactivatePerson(holding(held("cashier", "a"), held("cashier", "b")), of("a")),
  ],
  [
    "a role in another programme, held already",
    "programme_unknown",
    () => setRoles(holding(held("cashier", "a"), held("cashier", "b")), [held("cashier", "b")], of("a")),
  ],
  [
    "a cashier in the installation",
    "role_needs_programme",
    () => setRoles(holding(), [held("cashier")], WHOLE),
  ],
  [
    "somebody without a role, by one of a programme",
    "role_required",
    () => addPerson(ID, undefined, [], of("a")),
  ],
  [
    "somebody new in another programme",
    "programme_unknown",
    () => addPerson(ID, undefined, [held("cashier", "b")], of("a")),
  ],
  [
    "somebody new with clashing roles",
    "roles_conflict",
    () => addPerson(ID, undefined, [held("users.admin"), held("adjust.approve", "a")], WHOLE),
  ],
  [
    "who adjusts elsewhere and is to give roles here",
    "roles_conflict",
    () =>
      setRoles(
        holding(held("support.adjust", "a"), held("cashier", "b")),
        [held("users.admin", "b")],
        of("b"),
      ),
  ],
];

describe("is refused:", () => {
  it.each(REFUSALS)("%s, as %s", (_, code, decide) => {
    expect(decide()).toMatchObject({ refused: code });
  });
});

describe("what may be done", () => {
  it("is the roles of a programme and of the installation, and nothing once it is over", () => {
    const person = holding(held("cashier", "a"), held("auditor"), held("pilot", "a"));
    expect(permissionsIn(person, "a").toSorted()).toEqual(["burn", "earn", "finance", "read"]);
    for (const elsewhere of ["b", null, "", "A"])
      expect(permissionsIn(person, elsewhere).toSorted()).toEqual(["finance", "read"]);
    const gone = fold(eventsOf(deactivatePerson(person, WHOLE)), person);
    for (const where of ["a", null]) expect(permissionsIn(gone, where)).toEqual([]);
    expect(deactivatePerson(gone, WHOLE)).toEqual({ events: [] });
  });

  it("stays withdrawn from one who has roles that nobody knows any more", () => {
    const person = holding(held("pilot", "a"), held("cashier", "a"));
    const events = eventsOf(setRoles(person, [held("cashier", "a")], of("a")));
    expect(events).toEqual([{ type: "RoleWithdrawn", person: ID, role: "pilot", programme: "a" }]);
  });
});

const PROGRAMMES = ["a", "b", "c"];
const anyRole: fc.Arbitrary<HeldRole> = fc.constantFrom(
  ...roleNames.flatMap((name) => [
    ...PROGRAMMES.map((programme) => held(name, programme)),
    ...(roleOf(name)?.ofInstallation ? [held(name)] : []),
  ]),
);
const anyKeeper = fc
  .option(fc.subarray(PROGRAMMES, { minLength: 1 }))
  .map((programmes): Keeper => ({ id: "keeper", programmes }));
const anyStep = fc.record({ keeper: anyKeeper, wanted: fc.array(anyRole, { maxLength: 4 }) });
const named = (roles: readonly HeldRole[]) =>
  [...new Set(roles.map(({ role, programme }) => `${role}@${programme}`))].toSorted();

test("whoever sets roles sets those within reach and no other, once, and never two that clash", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 12 }), (steps) => {
      let person = holding();
      for (const { keeper, wanted } of steps) {
        const before = person;
        const decision = setRoles(before, wanted, keeper);
        if ("refused" in decision) continue;
        for (const event of decision.events) {
          person = evolvePerson(person, event);
          expect(conflictOf(person.roles.map(({ role }) => role))).toBeUndefined();
        }
        const beyond = (roles: readonly HeldRole[]) => roles.filter((one) => !reachesRole(keeper, one));
        expect(named(person.roles)).toEqual(named([...beyond(before.roles), ...wanted]));
        expect(beyond(wanted)).toEqual([]);
        expect(new Set(named(person.roles)).size).toBe(person.roles.length);
        if (wanted.length > 0) expect(setRoles(person, wanted, keeper)).toEqual({ events: [] });
      }
    }),
  );
});
