import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Found } from "@taem/testing/requirement";

const run = promisify(execFile);

const PROJECT = join(import.meta.dirname, "../../../../test/java-reader");
const CLASSES = join(PROJECT, "target/classes");
const CLASS_PATH = join(PROJECT, "target/class-path");
const MEBIBYTE = 2 ** 20;

/** A reader of messages that has of us nothing but the schema files: Apache Avro's own, in Java. */
export interface JavaReader {
  /** What it prints for a file of messages, by line. */
  read(schemas: string, messages: string): Promise<string[]>;
}

interface Failure extends Error {
  readonly stdout?: string;
}

/** Builds it with Maven. Missing where there is no Java 17, no Maven, or no Avro to be had. */
export async function findJavaReader(): Promise<Found<JavaReader>> {
  const home = process.env["JAVA_HOME"];
  const java = home === undefined ? "java" : join(home, "bin/java");
  try {
    const { stderr } = await run(java, ["-version"]);
    const version = /version "(\d+)/.exec(stderr)?.[1];
    if (Number(version) < 17)
      return { missing: `${java} is Java ${version}, and the reader needs 17 or newer` };
    await run("mvn", ["--version"]);
  } catch (error) {
    return { missing: `a JDK 17 and Maven are needed: ${(error as Error).message}` };
  }
  const goals = ["compile", "dependency:build-classpath", "-Dmdep.includeScope=runtime"];
  try {
    await run("mvn", ["--batch-mode", "--quiet", `-Dmdep.outputFile=${CLASS_PATH}`, ...goals], {
      cwd: PROJECT,
    });
  } catch (error) {
    const { stdout = "" } = error as Failure;
    if (stdout.includes("COMPILATION ERROR")) throw new Error(`the reader does not compile:\n${stdout}`);
    return { missing: `Maven did not resolve Apache Avro: ${/\[ERROR\] (.+)/.exec(stdout)?.[1] ?? error}` };
  }
  const classPath = [CLASSES, (await readFile(CLASS_PATH, "utf8")).trim()].join(delimiter);
  return {
    found: {
      async read(schemas, messages) {
        const program = ["-cp", classPath, "taem.MessageReader", schemas, messages];
        const { stdout } = await run(java, program, { maxBuffer: 64 * MEBIBYTE });
        return stdout.trimEnd().split("\n");
      },
    },
  };
}
