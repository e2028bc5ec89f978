import { versionAt } from "@taem/kernel";
import { describe, expect, test } from "vitest";
import { businessNow, evolveProgramme, settingsAt, zoneAt } from "../src/definitions.ts";
import type { DefinitionEvent } from "../src/events.ts";
import { at, currencyOf, programmeOf, rulePublished, settingsPublished } from "../testing/index.ts";

const MAY = at("2026-05-01T00:00+07:00");
const JUNE = at("2026-06-01T00:00+07:00");

describe("the version in force", () => {
  const versions = [
    { version: 1, validFrom: 0, value: "first" },
    { version: 2, validFrom: JUNE, value: "from June" },
    { version: 3, validFrom: MAY, value: "from May, published later" },
  ];

  test.each([
    [MAY - 1, 1],
    [MAY, 3],
    [JUNE - 1, 3],
    [JUNE, 3],
  ])("at %d is version %d: the one published last among those valid by then", (when, version) => {
    expect(versionAt(versions, when)?.version).toBe(version);
  });

  test("is none before the first is valid", () => {
    expect(versionAt([{ version: 1, validFrom: MAY, value: "x" }], MAY - 1)).toBeUndefined();
  });
});

const declared = { type: "SourceDeclared", programme: "p-1", declaredBy: "definition" } as const;

describe("a programme", () => {
  test("applies settings and zones from their validity on, and the first to whatever came before", () => {
    const programme = programmeOf({
      settings: { returnGraceDays: 1 },
      more: [
        settingsPublished({ returnGraceDays: 7 }, 2, JUNE),
        { type: "ProgrammeZoneChanged", programme: "p-1", zone: "Asia/Tokyo", validFrom: JUNE },
      ],
    });
    expect(settingsAt(currencyOf(programme), -1).returnGraceDays).toBe(1);
    expect(settingsAt(currencyOf(programme), JUNE - 1).returnGraceDays).toBe(1);
    expect(settingsAt(currencyOf(programme), JUNE).returnGraceDays).toBe(7);
    expect([zoneAt(programme, -1), zoneAt(programme, JUNE - 1), zoneAt(programme, JUNE)]).toEqual([
      "Asia/Bangkok",
      "Asia/Bangkok",
      "Asia/Tokyo",
    ]);
  });

  test("counts its events, numbers the versions of a rule, and knows the scope of a source", () => {
    const programme = programmeOf({
      more: [
        rulePublished("spend", { points: 2n }, 2, MAY),
        { ...declared, system: "shopee", scope: "programme" },
      ],
    });
    expect(programme.revision).toBe(6);
    expect(programme.rules.get("spend")?.map((version) => version.version)).toEqual([1, 2]);
    expect(programme.sources).toEqual(
      new Map([["shopee", { scope: "programme", isDeclared: true, isRetired: false }]]),
    );
  });

  test("has several currencies, each with settings of its own", () => {
    const programme = programmeOf({
      more: [
        { type: "CurrencyDefined", programme: "p-1", code: "MILES", no: 2, scale: 2 },
        { ...settingsPublished({ returnGraceDays: 9 }, 1, 0), currency: "MILES" } as DefinitionEvent,
      ],
    });
    expect(programme.currencies.get("MILES")).toMatchObject({ no: 2, scale: 2 });
    expect(programme.currencies.get("MILES")?.settings[0]?.value.returnGraceDays).toBe(9);
    expect(settingsAt(currencyOf(programme), 0).returnGraceDays).toBe(0);
  });

  test("follows the server's time when live, and stands where it was set in replay", () => {
    const live = programmeOf();
    expect(businessNow(live, MAY)).toBe(MAY);
    const replayed = evolveProgramme(live, { type: "ClockSet", programme: "p-1", mode: "replay", at: JUNE });
    expect(businessNow(replayed, MAY)).toBe(JUNE);
    expect(
      businessNow(evolveProgramme(replayed, { type: "ClockSet", programme: "p-1", mode: "live" }), MAY),
    ).toBe(MAY);
  });

  test("knows the clock it was defined with, wherever that has gone since", () => {
    const defined = evolveProgramme(undefined, {
      type: "ProgrammeDefined",
      programme: "p-1",
      code: "p",
      name: "p",
      zone: "UTC",
      validFrom: 0,
    });
    expect(defined.firstClock).toEqual({ mode: "live" });
    const replay = evolveProgramme(defined, { type: "ClockSet", programme: "p-1", mode: "replay", at: MAY });
    const later = evolveProgramme(replay, { type: "ClockSet", programme: "p-1", mode: "replay", at: JUNE });
    const live = evolveProgramme(later, { type: "ClockSet", programme: "p-1", mode: "live" });
    for (const programme of [replay, later, live]) {
      expect(programme.firstClock).toEqual({ mode: "replay", at: MAY });
    }
  });

  test("is not changed by what is folded after it", () => {
    const before = programmeOf();
    const copy = structuredClone(before);
    evolveProgramme(before, rulePublished("spend", { points: 2n }, 2, MAY));
    evolveProgramme(before, settingsPublished({ returnGraceDays: 3 }, 2, MAY));
    evolveProgramme(before, { ...declared, system: "pos", scope: "account" });
    expect(before).toEqual(copy);
  });

  test("cannot be changed before it is defined", () => {
    const orphan: DefinitionEvent = { type: "ClockSet", programme: "p-1", mode: "live" };
    expect(() => evolveProgramme(undefined, orphan)).toThrow("never defined");
  });
});
