/** Writes the schema files of new versions. What is published is never written over: its changes are an error. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { driftOf, fileText, schemaFiles } from "../src/avro/published.ts";
import type { AvroRecord } from "../src/avro/schema.ts";

const folder = join(import.meta.dirname, "../avro");
const published = new Map(
  readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")] as const),
);
const { unwritten, broken } = driftOf(schemaFiles, published);
for (const file of unwritten) {
  writeFileSync(join(folder, file), fileText(schemaFiles.get(file) as AvroRecord));
  process.stdout.write(`${file}\n`);
}
for (const problem of broken) process.stderr.write(`${problem}\n`);
if (broken.length > 0) process.exitCode = 1;
