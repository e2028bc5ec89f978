import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ignoredLines, rejectedRows, takenRows } from "../src/tally.ts";
import { type Checking, openChecking } from "./support/checking.ts";

let checking: Checking;

beforeAll(async () => {
  checking = await openChecking();
});

afterAll(() => checking[Symbol.asyncDispose]());

const keyed = {
  key: { columns: ["order"], scope: "programme" },
  time: { column: "time", format: "yyyy-MM-dd", zone: "Asia/Bangkok" },
};
const HEADER = "order,member,amount,time,note";

/** Lines as people count them: what line ends end, and what stands after the last of them. */
function physicalLines(text: string): number {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  return lines.at(-1) === "" ? lines.length - 1 : lines.length;
}

async function check(text: string) {
  const { tally, rejects } = await checking.check(text, keyed);
  expect(tally.lines).toBe(physicalLines(text));
  expect(takenRows(tally) + tally.replayed + rejectedRows(tally) + ignoredLines(tally)).toBe(tally.lines);
  return { tally, lines: rejects.map(({ line, reason }) => `${line} ${reason}`) };
}

const note = fc.constantFrom("-", "fine", '"fine"', '"a, b"', '"two\nlines"', '"5"" disk"', "", '"x\r\ny"');
const row = fc.tuple(fc.nat(60), fc.integer({ min: -50_000, max: 50_000 }), note);
const lineEnd = fc.constantFrom("\n", "\r\n", "\r");

const file = fc
  .tuple(fc.array(row, { maxLength: 12 }), lineEnd)
  .map(([rows, end]) =>
    [
      HEADER,
      ...rows.map(
        ([id, units, text], i) => `W${id},M${i % 3},${(units / 100).toFixed(2)},2026-03-01,${text}`,
      ),
      "",
    ].join(end),
  );

/** What goes wrong with files on their way. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  what: fc.constantFrom(
    '"',
    '""',
    "\n",
    "\r",
    "\r\n",
    ",",
    "\0",
    "\ufeff",
    " ",
    '\n"',
    "delete",
    "cut",
    "double",
  ),
});

function mutated(text: string, { at, what }: { at: number; what: string }): string {
  const position = Math.floor(at * text.length);
  const [before, after] = [text.slice(0, position), text.slice(position)];
  if (what === "delete") return before + after.slice(1);
  if (what === "cut") return before;
  return what === "double" ? before + after.slice(0, 40) + after : before + what + after;
}

describe("every line of a file", () => {
  it("is taken, rejected or ignored, whatever was done to the file below its header", async () => {
    await fc.assert(
      fc.asyncProperty(file, fc.array(mutation, { maxLength: 6 }), async (valid, mutations) => {
        const header = valid.slice(0, HEADER.length + 1);
        const body = mutations.reduce(mutated, valid.slice(header.length));
        await check(header + body);
      }),
      { numRuns: 400 },
    );
  });

  it("is a row, or a further line of one, in a file that nothing was done to", async () => {
    await fc.assert(
      fc.asyncProperty(file, async (valid) => {
        const { tally } = await check(valid);
        const { stray_quote, quote_not_closed, wrong_column_count } = tally.rejected;
        expect({ stray_quote, quote_not_closed, wrong_column_count }).toEqual({});
        expect(
          Object.keys(tally.ignored).filter((reason) => !["header", "continued"].includes(reason)),
        ).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

const plain = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `W${from + i},M1,1.00,2026-03-01,-`);

describe("a stray quote", () => {
  it("that opens a cell over whole rows rejects each of their lines, and no other", async () => {
    const opened = 'W3,M1,1.00,2026-03-01,"gift wrap';
    const closed = 'W6,M1,1.00,2026-03-01,bow"';
    const text = [HEADER, ...plain(1, 2), opened, ...plain(4, 5), closed, ...plain(7, 8), ""].join("\n");
    const { tally, lines } = await check(text);
    expect(tally.taken.earn).toBe(4);
    expect(lines).toEqual(["4 stray_quote", "5 stray_quote", "6 stray_quote", "7 stray_quote"]);
  });

  it("that meets another in the middle of a cell rejects the lines up to there", async () => {
    const text = [
      HEADER,
      ...plain(1, 1),
      'W2,M1,1.00,2026-03-01,"gift',
      ...plain(3, 3),
      'W4,M1,1.00,2026-03-01,"fine"',
    ];
    const { tally, lines } = await check([...text, ...plain(5, 5), ""].join("\n"));
    expect(tally.taken.earn).toBe(2);
    expect(lines).toEqual(["3 stray_quote", "4 stray_quote", "5 stray_quote"]);
  });

  it("that nothing closes rejects all that follows, line by line", async () => {
    const { tally, lines } = await check([HEADER, ...plain(1, 1), '"W2,M1', ...plain(3, 4)].join("\n"));
    expect(tally.taken.earn).toBe(1);
    expect(lines).toEqual(["3 quote_not_closed", "4 quote_not_closed", "5 quote_not_closed"]);
  });

  it("does not make a purchase of a line in somebody's note", async () => {
    const text = `${HEADER}\nW1,M1,1.00,2026-03-01,"hello\nW9,M9,999.00,2026-03-01,-\nbye"\n`;
    const { tally } = await check(text);
    expect(tally.taken.earn).toBe(0);
    expect(tally.rejected).toEqual({ stray_quote: 3 });
  });
});

describe("a quoted cell", () => {
  it("may hold line ends, which are counted", async () => {
    const text = `${HEADER}\nW1,M1,1.00,2026-03-01,"dear, all,\r\nplease\nwrap"\nW2,M1,1.00,2026-03-01,-\n`;
    const { tally } = await check(text);
    expect(tally).toMatchObject({
      lines: 5,
      rows: 2,
      taken: { earn: 2 },
      ignored: { header: 1, continued: 2 },
    });
  });
});
