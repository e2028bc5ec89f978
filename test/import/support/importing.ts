import { EventEmitter } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { type ImportCommandOptions, importCommand } from "@taem/import";
import { OUTSTANDING, postingsOf } from "@taem/ledger/domain";
import { type AccountEvent, accountEvents } from "@taem/ledger/events";
import type { DefinitionEvent } from "@taem/programme/events";
import { type Service, startService } from "@taem/testing/commands-service";
import { CATALOGUE } from "@taem/testing/product";
import { openTestStore, wholeLog } from "@taem/testing/test-store";
import { mappingOf as plainMapping } from "../../../packages/import/test/support/mappings.ts";

export interface Outcome {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface ImportOptions extends Partial<ImportCommandOptions> {
  readonly file: string;
  /** What stands in standard input. */
  readonly input?: string | Buffer;
  /** Called with each piece of what a person sees while waiting. */
  readonly onErr?: (text: string, signals: EventEmitter) => void;
}

/** A ledger, a folder for files, and `taem import` between them. */
export interface Importing extends AsyncDisposable {
  readonly service: Service;
  readonly folder: string;
  /** The code of a new programme: tests that share the ledger have one each. */
  fresh(): string;
  write(name: string, content: string | Buffer): Promise<string>;
  run(options: ImportOptions): Promise<Outcome>;
  /** The account events of a programme, in the order of the log. */
  events(programme: string): Promise<AccountEvent[]>;
  /** All events of the log. */
  log(): Promise<(AccountEvent | DefinitionEvent)[]>;
}

export async function openImporting(): Promise<Importing> {
  await using undo = new AsyncDisposableStack();
  const testStore = undo.use(await openTestStore());
  const { store } = testStore;
  const service = undo.use(await startService(testStore));
  const folder = await mkdtemp(join(tmpdir(), "taem-import-"));
  undo.defer(() => rm(folder, { recursive: true }));
  const mapping = join(folder, "mapping.json");
  await writeFile(mapping, JSON.stringify(mappingOf()));
  const key = service.key();
  let programmes = 0;
  const log = async () =>
    (await wholeLog(store)).map((event) => CATALOGUE.events.decode(event) as AccountEvent | DefinitionEvent);
  const opened = undo.move();
  return {
    service,
    folder,
    fresh: () => `programme-${++programmes}`,
    write: async (name, content) => {
      const path = join(folder, name);
      await writeFile(path, content);
      return path;
    },
    run: (options) => run({ mapping, url: service.url, key, programme: "the-1", ...options }),
    log,
    events: async (programme) => {
      const all = await log();
      const [id] = all.flatMap((event) =>
        event.type === "ProgrammeDefined" && event.code === programme ? [event.programme] : [],
      );
      return all.filter((event) => accountEvents.includes(event)).filter((event) => event.programme === id);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function run({
  onErr,
  input = "",
  ...options
}: ImportOptions & ImportCommandOptions): Promise<Outcome> {
  const signals = new EventEmitter();
  const texts = { out: "", err: "" };
  const out = writing((text) => {
    texts.out += text;
  });
  const err = writing((text) => {
    texts.err += text;
    onErr?.(text, signals);
  });
  const exitCode = await importCommand(options, {
    in: Readable.from([Buffer.from(input)]),
    out,
    err,
    signals,
  });
  return { exitCode, ...texts };
}

function writing(take: (text: string) => void): Writable {
  return new Writable({
    write: (chunk: Buffer, _, done) => {
      take(chunk.toString());
      done();
    },
  });
}

/** Stops an import at its first sign of progress. */
export function interrupting(text: string, signals: EventEmitter): void {
  if (text.includes("rows/s")) signals.emit("SIGINT");
}

/** For `member,time,amount` in baht, with the programme it needs. */
export function mappingOf(change: object = {}) {
  return {
    ...plainMapping(),
    define: {
      name: "The 1",
      zone: "Asia/Bangkok",
      currencies: { POINT: { expiry: { kind: "never" } } },
      rules: { "base-earn": { currency: "POINT", money: "THB", per: "100", points: "1" } },
    },
    ...change,
  };
}

/** Points that members hold, by the double-entry reading of the log. */
export function outstanding(events: readonly AccountEvent[]): bigint {
  return -events
    .flatMap((event) => postingsOf(event))
    .filter(({ account }) => account === OUTSTANDING)
    .reduce((sum, { amount }) => sum + amount, 0n);
}

/** What was done, without the ids that differ between two ledgers. */
export function effects(events: readonly AccountEvent[]): string[] {
  return events
    .map((event) => {
      const key = "key" in event ? event.key.id : "";
      return `${key} ${event.type} ${event.effectiveAt} ${postingsOf(event).map(({ account, amount }) => `${account}=${amount}`)}`;
    })
    .toSorted();
}

export async function reportOf(file: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await readFile(`${file}.import/report.json`, "utf8")) as Record<string, unknown>;
}

export function rejectsOf(file: string): Promise<string> {
  return readFile(`${file}.import/rejects.csv`, "utf8");
}
