/** Writes the schema files of new versions. What is published is never written over: its changes are an error. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AvroRecord, driftOf, fileText } from "@taem/schema/avro";
import { schemaFolders, textsIn } from "./support/homes.ts";

for (const { folder, files } of schemaFolders) {
  mkdirSync(folder, { recursive: true });
  const { unwritten, broken } = driftOf(files, textsIn(folder));
  for (const file of unwritten) {
    writeFileSync(join(folder, file), fileText(files.get(file) as AvroRecord));
    process.stdout.write(`${file}\n`);
  }
  for (const problem of broken) process.stderr.write(`${problem}\n`);
  if (broken.length > 0) process.exitCode = 1;
}
