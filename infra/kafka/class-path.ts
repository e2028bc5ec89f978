import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const POM = fileURLToPath(new URL("pom.xml", import.meta.url));
const TARGET = fileURLToPath(new URL("target/", import.meta.url));
const OLDEST_JAVA = 17;

/** Apache Kafka as Maven resolved it, and the Java that runs it. */
export interface KafkaInstallation {
  /** Of Kafka, like `4.3.1`. */
  readonly version: string;
  readonly java: string;
  readonly classPath: string;
}

/** This machine cannot run a broker; the message says what it lacks. */
export class KafkaMissing extends Error {
  readonly code = "kafka_missing";
  override readonly name = "KafkaMissing";
}

/**
 * Finds Java and has Maven resolve Kafka, which fetches it the first time. The class path is remembered until the pom
 * changes or a jar goes away. Rejects with `KafkaMissing`.
 */
export async function findKafka(): Promise<KafkaInstallation> {
  const java = await findJava();
  const pom = await readFile(POM, "utf8");
  const remembered = join(
    TARGET,
    `class-path-${createHash("sha256").update(pom).digest("hex").slice(0, 12)}`,
  );
  return {
    version: versionOf(pom),
    java,
    classPath: (await readClassPath(remembered)) ?? (await resolve(remembered)),
  };
}

/** The version of Kafka that the pom names. */
export async function kafkaVersion(): Promise<string> {
  return versionOf(await readFile(POM, "utf8"));
}

const versionOf = (pom: string) => /<kafka\.version>(.+)<\/kafka\.version>/.exec(pom)?.[1] as string;

async function findJava(): Promise<string> {
  const home = process.env["JAVA_HOME"];
  const java = home === undefined ? "java" : join(home, "bin/java");
  const { stderr } = await run(java, ["-version"]).catch(() => {
    throw new KafkaMissing(`${java} does not run; install a JDK ${OLDEST_JAVA} or newer`);
  });
  const version = /version "(?:1\.)?(\d+)/.exec(stderr)?.[1];
  if (Number(version) >= OLDEST_JAVA) return java;
  throw new KafkaMissing(`${java} is Java ${version}; Kafka needs ${OLDEST_JAVA} or newer`);
}

async function readClassPath(file: string): Promise<string | undefined> {
  const classPath = await readFile(file, "utf8").catch(() => "");
  const jars = classPath.trim().split(delimiter);
  return jars.every((jar) => existsSync(jar)) ? classPath.trim() : undefined;
}

/** Written elsewhere first and then renamed, so that who reads it meanwhile finds all of it or nothing. */
async function resolve(file: string): Promise<string> {
  await mkdir(TARGET, { recursive: true });
  const draft = `${file}.${process.pid}`;
  const goal = ["dependency:build-classpath", "-Dmdep.includeScope=runtime", `-Dmdep.outputFile=${draft}`];
  await run("mvn", ["--batch-mode", "--quiet", "--file", POM, ...goal]).catch((error: Complaint) => {
    throw new KafkaMissing(`Maven (mvn) did not resolve Kafka: ${firstError(error)}`, { cause: error });
  });
  await rename(draft, file);
  return await readFile(file, "utf8");
}

interface Complaint extends Error {
  readonly stdout?: string;
}

function firstError(error: Complaint): string {
  return /\[ERROR\] (.+)/.exec(error.stdout ?? "")?.[1] ?? error.message;
}
