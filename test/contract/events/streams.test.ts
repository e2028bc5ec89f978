import { accountStream } from "@taem/ledger/events";
import { memberStream } from "@taem/member/events";
import { clientStream, personStream } from "@taem/principal/events";
import { programmeStream } from "@taem/programme/events";
import { categoryOf, sliceOfStream, streamOf, UNIQUE } from "@taem/schema";
import { CATALOGUE } from "@taem/testing/product";
import { describe, expect, test } from "vitest";

const [first, second] = [
  { programme: "p-1", member: "m-1" },
  { programme: "p-1", member: "m-2" },
];

test("streams are named by ids of ours, and their names say their category", () => {
  const names = [
    ["account", accountStream("m-1", 2), "taem.account-m-1-2"],
    ["member", memberStream("m-1"), "taem.member-m-1"],
    ["programme", programmeStream("p-1"), "taem.programme-p-1"],
    ["client", clientStream("c1"), "taem.client-c1"],
    ["person", personStream("p1"), "taem.person-p1"],
    ["unique", streamOf(UNIQUE, "ab12"), "taem.unique-ab12"],
  ] as const;
  for (const [category, stream, name] of names) {
    expect([stream, categoryOf(stream)]).toEqual([name, category]);
    expect(CATALOGUE.categories.has(category)).toBe(true);
  }
  for (const stream of ["", "taem.account", "account-1", "$all", "taem.-1"])
    expect(categoryOf(stream)).toBeUndefined();
});

describe("slices of streams", () => {
  const sliceOf = (stream: string, about: object) => sliceOfStream(CATALOGUE, stream, about);

  test("are what they always were: stored events carry them", () => {
    expect(sliceOf("taem.programme-p-1", { programme: "p-1" })).toBe(34);
    expect(sliceOf("taem.programme-p-1", second)).toBe(34);
    expect(sliceOf(accountStream("m-1", 1), first)).toBe(3);
    expect(sliceOf(memberStream("m-2"), second)).toBe(32);
    const reserved = streamOf(UNIQUE, "ab12");
    expect(sliceOf(reserved, first)).toBe(sliceOf(reserved, second));
    expect(() => sliceOf(accountStream("m-1", 1), { programme: "p-1" })).toThrow("belongs to a member");
  });
});
