import { describe, expect, test } from "vitest";
import { evolveProgramme, type Programme } from "../src/definitions.ts";
import type { DefinitionEvent } from "../src/events.ts";
import { NOON, programmeOf, rulePublished, settingsPublished } from "../testing/index.ts";

const programme = "p-1";
const ANN = "ann (k-1)";
const BOB = "bob (k-2)";

const proposed = (no: number, zone = "Asia/Tokyo"): DefinitionEvent => ({
  type: "ZoneChangeProposed",
  programme,
  proposal: no,
  requestedBy: ANN,
  proposedAt: NOON,
  version: 2,
  zone,
});

const rejected = (no: number): DefinitionEvent => ({
  type: "ProposalRejected",
  programme,
  proposal: no,
  requestedBy: ANN,
  rejectedBy: BOB,
});

const fold = (from: Programme, ...events: DefinitionEvent[]) => events.reduce(evolveProgramme, from);

describe("a proposed change", () => {
  const by = { proposal: 1, requestedBy: ANN, approvedBy: BOB };
  const about = { programme, proposal: 1, requestedBy: ANN, proposedAt: NOON, version: 2 };
  const { settings } = settingsPublished({ returnGraceDays: 9 }, 2, NOON);
  const { definition } = rulePublished("spend", { points: 2n });
  const CHANGES: readonly [kind: string, proposed: DefinitionEvent, published: DefinitionEvent][] = [
    [
      "zone",
      proposed(1),
      { type: "ProgrammeZoneChanged", programme, zone: "Asia/Tokyo", validFrom: 0, ...by },
    ],
    [
      "currency_settings",
      { type: "CurrencySettingsProposed", ...about, currency: "PTS", settings },
      { ...settingsPublished({ returnGraceDays: 9 }, 2, NOON), ...by },
    ],
    [
      "earn_rule",
      { type: "EarnRuleProposed", ...about, rule: "spend", definition, validFrom: NOON },
      { ...rulePublished("spend", { points: 2n }, 2, NOON), ...by },
    ],
  ];

  test.each(CHANGES)(
    "of %s waits, changes nothing until it is published, and then waits no longer",
    (...of) => {
      const [kind, asked, published] = of;
      const before = programmeOf();
      const waiting = fold(before, asked);
      expect(waiting.proposals.open.get(1)).toMatchObject({ no: 1, requestedBy: ANN, version: 2 });
      expect(waiting.proposals.open.get(1)?.change.kind).toBe(kind);
      const { zones, currencies, rules } = waiting;
      expect({ zones, currencies, rules }).toEqual({
        zones: before.zones,
        currencies: before.currencies,
        rules: before.rules,
      });
      const after = fold(waiting, published);
      expect(after.proposals.open.size).toBe(0);
      expect(after.proposals.closed).toEqual([{ no: 1, how: "approved", by: BOB }]);
      expect(waiting.proposals.open.size).toBe(1);
    },
  );

  test("that is turned down or taken back is gone, and its number is not given again", () => {
    const withdrawn = { type: "ProposalWithdrawn", programme, proposal: 2, requestedBy: ANN } as const;
    const after = fold(programmeOf(), proposed(1), proposed(2), rejected(1), withdrawn);
    expect(after.proposals).toMatchObject({
      next: 3,
      closed: [
        { no: 1, how: "rejected", by: BOB },
        { no: 2, how: "withdrawn", by: ANN },
      ],
    });
  });

  test("is remembered when it is closed, as one of the last hundred", () => {
    let known = programmeOf();
    for (let no = 1; no <= 250; no++) known = fold(known, proposed(no), rejected(no));
    expect(known.proposals.closed.map(({ no }) => no)).toEqual(
      Array.from({ length: 100 }, (_, i) => 151 + i),
    );
    expect(known.proposals.next).toBe(251);
  });

  test("is none where one person publishes alone", () => {
    const alone = {
      ...rulePublished("spend", { points: 2n }, 2, NOON),
      requestedBy: ANN,
      singleHanded: true,
    };
    const after = fold(programmeOf({ singleHanded: true }), alone);
    expect(after.proposals).toEqual(programmeOf().proposals);
    expect(after.singleHanded).toBe(true);
    expect(fold(after, { type: "SingleHandedEnded", programme }).singleHanded).toBe(false);
  });
});
