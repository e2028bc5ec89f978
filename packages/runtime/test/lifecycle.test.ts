import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  createHealth,
  createLogger,
  OperatorError,
  type Resource,
  runService,
  startResources,
} from "../src/index.ts";

const logger = createLogger({ service: "test", level: "silent" });

function journalled(names: readonly string[]) {
  const journal: string[] = [];
  const resources: Resource[] = names.map((name) => ({
    name,
    start: () => void journal.push(`start ${name}`),
    stop: () => void journal.push(`stop ${name}`),
  }));
  return { journal, resources };
}

/** A service under way: `running` resolves when its last resource has started. */
function service(resources: readonly Resource[], stopLimitMs = 60_000) {
  const running = Promise.withResolvers<void>();
  const signals = new EventEmitter();
  const health = createHealth();
  const last: Resource = { name: "last", start: () => running.resolve(), stop: () => undefined };
  const exitCode = runService({
    name: "s",
    resources: [...resources, last],
    logger,
    health,
    stopLimitMs,
    signals,
  });
  return { running: running.promise, signals, health, exitCode };
}

describe("resources", () => {
  it("start in order and stop in reverse", async () => {
    const { journal, resources } = journalled(["store", "http"]);
    const running = await startResources(resources, logger);
    await running.stop();
    expect(journal).toEqual(["start store", "start http", "stop http", "stop store"]);
  });

  it("that have started are stopped when a later one fails, and its error is the one thrown", async () => {
    const { journal, resources } = journalled(["store", "http"]);
    const failing: Resource = {
      name: "x",
      start: () => Promise.reject(new Error("no port")),
      stop: () => undefined,
    };
    await expect(startResources([...resources, failing], logger)).rejects.toThrow("no port");
    expect(journal).toEqual(["start store", "start http", "stop http", "stop store"]);
  });

  it("are all stopped even if one fails to, and the failure is reported", async () => {
    const { journal, resources } = journalled(["store"]);
    const failing: Resource = {
      name: "x",
      start: () => undefined,
      stop: () => Promise.reject(new Error("stuck")),
    };
    const running = await startResources([...resources, failing], logger);
    await expect(running.stop()).rejects.toThrow("not every resource stopped cleanly");
    expect(journal).toEqual(["start store", "stop store"]);
  });
});

describe("a service", () => {
  it("told to stop is not ready, stops its resources and exits with 0", async () => {
    const { journal, resources } = journalled(["store"]);
    const { running, signals, health, exitCode } = service(resources);
    await running;
    signals.emit("SIGTERM");
    expect(await exitCode).toBe(0);
    expect(journal).toEqual(["start store", "stop store"]);
    expect((await health.ready()).ok).toBe(false);
    expect(signals.eventNames()).toEqual([]);
  });

  it("that cannot start exits with 1", async () => {
    const failing: Resource = {
      name: "x",
      start: () => Promise.reject(new Error("no")),
      stop: () => undefined,
    };
    expect(await service([failing]).exitCode).toBe(1);
  });

  it("that an operator can make start says so to who started it", async () => {
    const fault = new OperatorError("cannot_listen", "choose another port");
    const failing: Resource = { name: "x", start: () => Promise.reject(fault), stop: () => undefined };
    await expect(service([failing]).exitCode).rejects.toBe(fault);
  });

  it("told to stop while starting waits for the start and stops what started", async () => {
    const { journal, resources } = journalled(["store"]);
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const slow: Resource = {
      name: "slow",
      start: () => {
        entered.resolve();
        return gate.promise;
      },
      stop: () => void journal.push("stop slow"),
    };
    const { signals, exitCode } = service([...resources, slow]);
    await entered.promise;
    signals.emit("SIGINT");
    gate.resolve();
    expect(await exitCode).toBe(0);
    expect(journal).toEqual(["start store", "stop slow", "stop store"]);
  });

  it("told to stop while a long start is under way breaks it off and stops what started", async () => {
    const { journal, resources } = journalled(["store", "never"]);
    const [store, never] = resources as [Resource, Resource];
    const entered = Promise.withResolvers<void>();
    const long: Resource = {
      name: "long",
      start: (stopping) =>
        new Promise((_, reject) => {
          stopping.addEventListener("abort", () => reject(stopping.reason as Error));
          entered.resolve();
        }),
      stop: () => void journal.push("stop long"),
    };
    const { signals, exitCode } = service([store, long, never]);
    await entered.promise;
    signals.emit("SIGINT");
    expect(await exitCode).toBe(0);
    expect(journal).toEqual(["start store", "stop store"]);
  });

  it("stops and exits with 1 after something unforeseen was thrown", async () => {
    const { journal, resources } = journalled(["store"]);
    const { running, signals, exitCode } = service(resources);
    await running;
    signals.emit("uncaughtException", new Error("bug"));
    expect(await exitCode).toBe(1);
    expect(journal).toContain("stop store");
  });

  const stuck: Resource = { name: "stuck", start: () => undefined, stop: () => new Promise(() => undefined) };

  it("that does not stop within its limit exits with 1", async () => {
    const { running, signals, exitCode } = service([stuck], 1);
    await running;
    signals.emit("SIGTERM");
    expect(await exitCode).toBe(1);
  });

  it("abandons its shutdown at a second signal", async () => {
    for (const second of ["SIGTERM", "SIGINT"]) {
      const { running, signals, exitCode } = service([stuck]);
      await running;
      signals.emit("SIGTERM");
      signals.emit(second);
      expect(await exitCode).toBe(1);
    }
  });

  it("takes one press of Ctrl-C for one, though npm hands it on beside the terminal", async () => {
    const gate = Promise.withResolvers<void>();
    const slow: Resource = { name: "slow", start: () => undefined, stop: () => gate.promise };
    const { running, signals, exitCode } = service([slow]);
    await running;
    signals.emit("SIGINT");
    signals.emit("SIGINT");
    gate.resolve();
    expect(await exitCode).toBe(0);
  });

  it("as a process writes what it logged and exits with 0 on SIGTERM", async () => {
    const script = fileURLToPath(new URL("service-process.ts", import.meta.url));
    const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const messages: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      messages.push((JSON.parse(line) as { msg: string }).msg);
      if (messages.at(-1) === "sample is running") child.kill("SIGTERM");
    }
    if (child.exitCode === null) await once(child, "exit");
    expect(child.exitCode).toBe(0);
    expect(messages).toEqual(["sample is running", "sample is stopping"]);
  });
});
