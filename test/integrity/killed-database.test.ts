import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Api } from "@taem/testing/api";
import { type ProgramProcess, runTool, startProcess } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, source } from "@taem/testing/programme";
import { outstandingOf } from "@taem/testing/read-model";
import { expect, test } from "vitest";

// Failures: the database that the program has started itself is killed, by whoever needs memory, say, and the program goes on
// without one, alive and of no use; or what it had acknowledged is gone, or done twice.

const LANES = 8;
const COMMANDS = 400;
const TRANSIENT = new Set(["unavailable", "outcome_unknown", "overloaded", "conflict_retry_exhausted"]);

async function killServer(dataDir: string): Promise<void> {
  const file = join(dataDir, "postgres", "cluster", "postmaster.pid");
  process.kill(Number.parseInt(await readFile(file, "utf8"), 10), "SIGKILL");
}

async function keyOf(environment: { readonly TAEM_DATA_DIR: string }): Promise<string> {
  const rights = ["--name", "test", "--permissions", "read,finance,earn,burn,define", "--systems", "*"];
  return (await runTool(["client", "create", ...rights], environment)).out.trim();
}

test("an embedded server that is killed under commands is started again, and each is done once", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "taem-killed-"));
  const environment = { TAEM_DATA_DIR: folder.path, TAEM_LOG_LEVEL: "warn" };
  const lines: string[] = [];
  {
    await using program = await startProcess(environment, (line) => lines.push(line));
    await using api = new Api(program.url, await keyOf(environment));
    const shop = await defineProgramme(api, "shop");
    const members = await enrolMany(api, "shop", "m", LANES);
    let done = 0;
    let kills = 0;
    const earn = async (lane: number, i: number) => {
      const body = { currency: "PTS", points: "1", source: source(`c${i}`) };
      for (;;) {
        const { status, body: answer } = await api.post(`${shop}/members/${members[lane]}/earn`, body);
        if (status < 300) break;
        expect(TRANSIENT).toContain(answer.code);
      }
      done += 1;
      if (done < ((kills + 1) * COMMANDS) / 3 || kills === 2) return;
      kills += 1;
      await killServer(folder.path);
    };
    const lanes = members.map(async (_, lane) => {
      for (let i = lane; i < COMMANDS; i += LANES) await earn(lane, i);
    });
    await Promise.all(lanes);
    expect([done, kills]).toEqual([COMMANDS, 2]);
    expect(await outstandingOf(api, "shop")).toBe(BigInt(COMMANDS));
    expect(await isReady(program)).toBe(true);
  }
  const said = (message: string) => lines.filter((line) => line.includes(message)).length;
  expect(said("the database server has ended; starting it again")).toBe(2);
  expect(said("the database server runs again")).toBe(2);
  expect(lines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
  expect(await runTool(["verify"], environment)).toMatchObject({ exitCode: 0 });
});

async function isReady({ url }: ProgramProcess): Promise<boolean> {
  return (await fetch(`${url}/health/ready`)).ok;
}
