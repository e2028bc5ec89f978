import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { findKafka, type KafkaInstallation } from "./class-path.ts";
import { freePort, isFree } from "./free-port.ts";
import { serverSettings } from "./server-settings.ts";

const run = promisify(execFile);

export interface KafkaBrokerOptions {
  /** Holds settings, data and log of the broker; made when missing. */
  readonly dataDir: string;
  /** Of the loopback interface; without it a free one below 32768. */
  readonly port?: number;
}

/** A broker of one's own: a process that can be hurt like any other. */
export interface KafkaBroker extends AsyncDisposable {
  /** Its address, as clients want it. */
  readonly brokers: string;
  readonly port: number;
  readonly pid: number;
  /** Shuts down in order, and ends the process if that takes longer than 30 seconds. */
  stop(): Promise<void>;
  /** Ends the process at once (SIGKILL). What it had acknowledged is in its data. */
  kill(): Promise<void>;
  /** Holds the process (SIGSTOP): connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
}

const HEAP_MB = 384;
const LOG_LEVELS = [
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
  // Says when the broker is ready.
  "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
];
const START_ATTEMPTS = 5;
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 25;

/**
 * Starts a single-node Apache Kafka and waits until it answers. A folder that holds a broker's data is continued;
 * give the port too, to come back where clients look for it. Rejects with `KafkaMissing`, and with the end of its log
 * when it does not start.
 */
export async function startKafkaBroker({ dataDir, port }: KafkaBrokerOptions): Promise<KafkaBroker> {
  const kafka = await findKafka();
  const folder = resolve(dataDir);
  await mkdir(folder, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const chosen = port ?? (await freePort());
    await writeSettings(folder, chosen);
    await ensureFormatted(kafka, folder);
    const child = await launch(kafka, folder);
    if (await isReady(child, logFile(folder))) return brokerOf(child, chosen);
    await end(child, "SIGKILL");
    const complaint = await readFile(logFile(folder), "utf8");
    if (attempt < START_ATTEMPTS && (await lostChosenPort(complaint, port))) continue;
    throw new Error(`Kafka did not start in ${folder}: ${lastLines(complaint)}`);
  }
}

/** Between our look and its start, somebody else may take a port that we chose. */
async function lostChosenPort(complaint: string, given: number | undefined): Promise<boolean> {
  return /Address already in use/.test(complaint) && (given === undefined || (await isFree(given)));
}

const lastLines = (text: string) => text.trim().split("\n").slice(-12).join("\n");

/** Ends the broker that somebody who was killed left in this folder. */
export async function endOrphan(dataDir: string): Promise<void> {
  const folder = resolve(dataDir);
  const pid = Number(await readFile(pidFile(folder), "utf8").catch(() => ""));
  if (!(pid > 0) || !(await commandLine(pid)).includes(settingsFile(folder))) return;
  process.kill(pid, "SIGKILL");
  while ((await commandLine(pid)).includes(settingsFile(folder))) await delay(POLL_MS);
}

const settingsFile = (folder: string) => join(folder, "server.properties");
const logFile = (folder: string) => join(folder, "broker.log");
const pidFile = (folder: string) => join(folder, "broker.pid");

async function writeSettings(folder: string, port: number): Promise<void> {
  const [bindHost, controllerPort] = ["127.0.0.1", await freePort()];
  const node = { dataDir: join(folder, "data"), bindHost, host: bindHost, port, controllerPort };
  const lines = Object.entries(serverSettings(node)).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(settingsFile(folder), lines.join(""));
}

async function ensureFormatted({ java, classPath }: KafkaInstallation, folder: string): Promise<void> {
  if (existsSync(join(folder, "data/meta.properties"))) return;
  const clusterId = randomBytes(16).toString("base64url").replace(/^-/, "A");
  const format = ["format", "--cluster-id", clusterId, "--config", settingsFile(folder)];
  await run(java, ["-XX:TieredStopAtLevel=1", "-cp", classPath, "kafka.tools.StorageTool", ...format]);
}

async function launch({ java, classPath }: KafkaInstallation, folder: string): Promise<ChildProcess> {
  const log = await open(logFile(folder), "w");
  const machine = [`-Xmx${HEAP_MB}m`, "-XX:+UseSerialGC", ...LOG_LEVELS];
  // In a session of its own: an interrupt from the terminal is for us, who stop it when all else is done.
  const child = spawn(java, [...machine, "-cp", classPath, "kafka.Kafka", settingsFile(folder)], {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  child.unref();
  await once(child, "spawn");
  await log.close();
  await writeFile(pidFile(folder), String(child.pid));
  return child;
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** By its own word: at its port somebody else may answer. */
async function isReady(child: ChildProcess, log: string): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!hasEnded(child) && Date.now() < deadline) {
    if ((await readFile(log, "utf8")).includes("Kafka Server started")) return true;
    await delay(POLL_MS);
  }
  return false;
}

function brokerOf(child: ChildProcess, port: number): KafkaBroker {
  const stop = () => end(child, "SIGTERM");
  return {
    brokers: `127.0.0.1:${port}`,
    port,
    pid: child.pid as number,
    stop,
    kill: () => end(child, "SIGKILL"),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: stop,
  };
}

async function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.ref();
  child.kill(signal);
  child.kill("SIGCONT");
  const lastResort = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(lastResort);
}

async function commandLine(pid: number): Promise<string> {
  if (existsSync("/proc/self")) return await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return await run("ps", ["-o", "args=", "-p", String(pid)]).then(
    ({ stdout }) => stdout,
    () => "",
  );
}
