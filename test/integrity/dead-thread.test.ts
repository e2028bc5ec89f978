import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@taem/postgres/testing";
import { Api } from "@taem/testing/api";
import { clientKeyOn } from "@taem/testing/client-key";
import { startProcess } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { bookOf, expectAgreement } from "@taem/testing/read-model";
import { expect, test } from "vitest";

// Failures: the thread that projects is no more, and the process goes on taking commands that nobody will see; or it ends as
// if all were well, or hangs while it ends; what had been acknowledged is missing afterwards.

const SEEN = 10;

/** For every thread of a process: once the file is written to, one that projects does this. */
const onceWritten = (file: string, act: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import { watch } from "node:fs";
    import { isMainThread } from "node:worker_threads";
    if (!isMainThread) watch(${JSON.stringify(file)}, { persistent: false }, () => { ${act}; });
  `)}`,
});

test.each([
  ["throws what nobody expects", 'throw new Error("out of its mind")', "has died: out of its mind"],
  ["exits as if all were well", "process.exit(0)", "has exited with 0"],
])("a thread that %s ends its process, which says so; the next one goes on with all", async (_, act, how) => {
  await using database = await createTestDatabase();
  await using files = await mkdtempDisposable(join(tmpdir(), "taem-thread-"));
  const file = join(files.path, "written");
  await writeFile(file, "");
  const environment = { DATABASE_URL: database.url };
  const lines: string[] = [];
  let key: string;
  let member: string;
  let answer: { readonly token: string; readonly book: string } | undefined;
  {
    const dying = { ...environment, ...onceWritten(file, act) };
    await using program = await startProcess(dying, (line) => lines.push(line));
    key = await clientKeyOn(environment, "test");
    await using api = new Api(program.url, key);
    const shop = await defineProgramme(api, "shop");
    const [id] = await enrolMany(api, "shop", "m", 1);
    member = `${shop}/members/${id}`;
    const earn = async (i: number) => {
      const body = { currency: "PTS", points: "10", source: source(`e${i}`) };
      const { token, balance } = (await succeeds(api.post(`${member}/earn`, body))).body;
      answer = { token, book: balance.book };
    };
    for (let i = 0; i < SEEN; i++) await earn(i);
    expect(await bookOf(api, member, answer?.token as string)).toBe(10n * BigInt(SEEN));
    await writeFile(file, "now");
    const earnOn = async () => {
      for (let i = SEEN; ; i++) await earn(i);
    };
    await expect(earnOn()).rejects.toThrow();
    await program.ended;
    expect(program.exitCode).toBe(1);
  }
  expect(lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level: "fatal",
      err: expect.objectContaining({ message: `the projection thread ${how}` }),
    }),
  ]);

  await using next = await startProcess(environment);
  await using api = new Api(next.url, key);
  const { token, book } = answer as { readonly token: string; readonly book: string };
  // The last that was asked of it may have been done without an answer.
  expect(await bookOf(api, member, token)).toBeGreaterThanOrEqual(BigInt(book));
  await expectAgreement(database.url);
});
