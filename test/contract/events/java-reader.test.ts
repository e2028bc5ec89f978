import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AvroRecord,
  canonicalForm,
  type Envelope,
  encodeEnvelope,
  fingerprint,
  singleObjectCodec,
} from "@taem/schema/avro";
import { describeWith } from "@taem/testing/requirement";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recordOf, versions } from "./support/described.ts";
import { schemaFolders, textsIn } from "./support/homes.ts";
import { findJavaReader } from "./support/java-reader.ts";

const schemaFiles = new Map(schemaFolders.flatMap(({ files }) => [...files]));

interface Sent {
  readonly envelope: Envelope;
  readonly body?: Record<string, unknown>;
}

const LOG: Omit<Envelope, "position"> = {
  installation: "0198e9c4-6e0e-7cc0-98d0-3d2b0b7f0c10",
  slice: 63,
  previous: "",
};

/** Twenty of every version of every event, whatever they say, and a watermark. */
function messages(): Sent[] {
  const events = versions.flatMap(({ type, version, fields }) => {
    const codec = singleObjectCodec<object>(schemaFiles.get(`${type}.v${version}.avsc`) as AvroRecord);
    return fc.sample(recordOf(fields), { numRuns: 20, seed: 20_261_122 }).map((body, i): Sent => {
      const event = {
        id: "0198e9c4-6e0e-4cc0-98d0-3d2b0b7f0c11",
        type,
        version,
        stream: "taem.account-1",
        revision: i + 1,
        recordedAt: 1_772_427_600_000,
        actor: "till-1 (แต้ม)",
        correlation: "c-1",
        ...(i % 2 === 0 ? { causation: "0198e9c4-6e0e-4cc0-98d0-3d2b0b7f0c12" } : {}),
        data: codec.encode(body),
      };
      return { envelope: { ...LOG, position: `${type} ${i}`, event }, body };
    });
  });
  return [...events, { envelope: { ...LOG, position: "0000000000000012" } }];
}

describeWith("Apache Avro in Java", "java", await findJavaReader(), (reader) => {
  const sent = messages();
  let folder: string;
  let lines: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "taem-java-reader-"));
    const file = join(folder, "sent", "messages");
    await mkdir(join(folder, "sent"));
    await writeFile(
      file,
      sent.map(({ envelope }) => `${encodeEnvelope(envelope).toString("hex")}\n`).join(""),
    );
    for (const schemas of schemaFolders) {
      for (const [name, text] of textsIn(schemas.folder)) await writeFile(join(folder, name), text);
    }
    lines = await reader.read(folder, file);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("has the same canonical form and fingerprint of every published schema", () => {
    const read = lines.slice(0, schemaFiles.size).map((line) => line.split("\t"));
    const ours = [...schemaFiles].map(([file, schema]) => [
      file.replace(".avsc", ""),
      String(BigInt.asIntN(64, fingerprint(schema))),
      canonicalForm(schema),
    ]);
    expect(read.sort()).toEqual(ours.sort());
  });

  test("reads every message as it was sent, envelope and event", () => {
    const read = lines.slice(schemaFiles.size).map((line) => line.split("\t").map(fromJava));
    expect(read).toHaveLength(sent.length);
    for (const [i, { envelope, body }] of sent.entries()) {
      expect(read[i]).toEqual(body === undefined ? [asText(envelope)] : [asText(envelope), asText(body)]);
    }
  });
});

/** Numbers as they are written, whatever their size; without what is null. */
function fromJava(json: string): unknown {
  const exact = (_: string, value: unknown, { source }: { readonly source?: string }) =>
    typeof value === "number" ? source : (value ?? undefined);
  return JSON.parse(json, exact as (key: string, value: unknown) => unknown);
}

/** What was sent, in the same manner. */
function asText(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (Buffer.isBuffer(value)) return value.toString("latin1");
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asText(member)]));
}
