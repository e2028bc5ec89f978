import { describeWith, parseNeeds, skipReason } from "@taem/testing/requirement";
import { expect, test } from "vitest";

test("what is missing and not required is skipped, and the reason says what and why", () => {
  expect(skipReason("kafka", "no Java here", ["postgres"])).toBe("kafka is missing: no Java here");
});

test("what is missing and required is a failure", () => {
  expect(() => skipReason("kafka", "no Java here", ["postgres", "kafka"])).toThrow(
    "REQUIRE names kafka, which is missing: no Java here",
  );
});

test("requirements are a list, and one that nothing asks for is a failure, for it would guard nothing", () => {
  expect(parseNeeds("kafka,postgres")).toEqual(["kafka", "postgres"]);
  expect(parseNeeds("")).toEqual([]);
  expect(() => parseNeeds("kafak")).toThrow("REQUIRE names kafak");
});

describeWith("what is found", "java", { found: "17" }, (version) => {
  test("reaches the tests that need it", () => {
    expect(version).toBe("17");
  });
});
