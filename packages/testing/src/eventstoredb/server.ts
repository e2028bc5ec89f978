import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { freePort } from "../../../../infra/kafka/free-port.ts";
import { Access, type Users } from "./access.ts";
import { AppendService } from "./append-service.ts";
import { EventLog, type EventLogOptions, type StoredEvent, systemEvent } from "./event-log.ts";
import type { Faults, WireError } from "./faults.ts";
import { ReadService, Subscriptions } from "./read-service.ts";
import { features, featuresService, type GrpcServer, grpc, streamsService } from "./wire.ts";

export interface TestServerOptions extends EventLogOptions {
  /** A free one when undefined. */
  readonly port?: number;
  /** Whether the server says that it takes many appends over one call; true when undefined. */
  readonly batchAppend?: boolean;
  /** Bytes of one append at most; 1 MiB when undefined, as a real server has it. */
  readonly maxAppendBytes?: number;
  /** How long writing an append takes, in milliseconds; no time when undefined. */
  readonly writeMs?: number;
  /** When an append is given up that was sent again while it was being written; 2 s when undefined, as a real server has it. */
  readonly commitTimeoutMs?: number;
  /** In PEM: it speaks TLS alone. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Whom the server knows; without, it asks nobody who they are, as an insecure one. */
  readonly users?: Users;
}

const VERSION = "24.10.0-test";
const MIB = 1024 * 1024;
const COMMIT_TIMEOUT_MS = 2_000;

/** An EventStoreDB for tests: the gRPC interface over a log in memory, with a file that keeps it where one is given. */
export class TestServer implements AsyncDisposable {
  readonly faults: Faults = {};
  readonly #options: TestServerOptions;
  readonly #log: EventLog;
  readonly #subscriptions = new Subscriptions();
  readonly #appends: AppendService;
  readonly #reads: ReadService;
  readonly #sockets = new Map<string, Socket>();
  #port: number;
  #listener: Server | undefined;
  #grpc: GrpcServer | undefined;

  private constructor(options: TestServerOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
    this.#log = new EventLog(options);
    const drop = (call: { getPeer(): string }) => this.#sockets.get(call.getPeer())?.destroy();
    const access = new Access(this.#log, options.users);
    const { maxAppendBytes = MIB, writeMs = 0, commitTimeoutMs = COMMIT_TIMEOUT_MS } = options;
    const limits = { maxBytes: maxAppendBytes, writeMs, commitTimeoutMs };
    this.#appends = new AppendService(this.#log, access, this.faults, limits, drop);
    this.#reads = new ReadService(this.#log, access, this.faults, this.#subscriptions, drop);
  }

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(options);
    await server.start();
    return server;
  }

  /** In clear. */
  get url(): string {
    return `esdb://127.0.0.1:${this.#port}?tls=false`;
  }

  get port(): number {
    return this.#port;
  }

  /** How often each way to append was called; one call of `batchAppend` carries many appends. */
  get appendCalls(): Readonly<{ append: number; batchAppend: number }> {
    return this.#appends.counts;
  }

  get openSubscriptions(): number {
    return this.#subscriptions.count;
  }

  /** Events as a real server writes them of its own accord. */
  addSystemEvents(count: number): Promise<void> {
    return this.addEvents("$stats-127.0.0.1:2113", count);
  }

  async addEvents(stream: string, count: number, type = "$statsCollected"): Promise<void> {
    const events = Array.from({ length: count }, () => systemEvent(type));
    await this.#log.append(stream, "any", events);
  }

  /** Deletes a stream for ever. */
  tombstone(stream: string): Promise<void> {
    return this.#log.tombstone(stream);
  }

  /** Deletes a stream, but not for ever. */
  delete(stream: string): Promise<void> {
    return this.#log.delete(stream);
  }

  /** Hides a stream's events below a number, as EventStoreDB counts. */
  truncate(stream: string, before: number): Promise<void> {
    return this.#log.truncate(stream, before);
  }

  /** Takes what is hidden of streams out of the log. */
  scavenge(): void {
    this.#log.scavenge();
  }

  /** What can be seen of a stream. */
  eventsOf(stream: string): readonly StoredEvent[] {
    return this.#log.readStream(stream) ?? [];
  }

  endSubscriptions(error: WireError): void {
    this.#subscriptions.endWith(error);
  }

  /** Keeps subscriptions open and sends nothing over them. */
  muteSubscriptions(isMute: boolean): void {
    this.#subscriptions.isMute = isMute;
  }

  dropConnections(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  async start(): Promise<void> {
    const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
    server.addService(streamsService, {
      read: (call: never) => void this.#reads.read(call),
      append: (call: never, callback: never) => void this.#appends.append(call, callback).catch(() => {}),
      ...(this.#options.batchAppend !== false && {
        batchAppend: (call: never) => void this.#appends.batchAppend(call),
      }),
      tombstone: (call: never, callback: never) => void this.#appends.tombstone(call, callback),
      delete: (call: never, callback: never) => void this.#appends.delete(call, callback),
    });
    server.addService(featuresService, {
      getSupportedMethods: (_: unknown, callback: (error: null, methods: unknown) => void) =>
        callback(null, this.#supportedMethods()),
    });
    const injector = server.createConnectionInjector(credentialsOf(this.#options));
    this.#grpc = server;
    this.#listener = createServer((socket) => {
      const peer = `${socket.remoteAddress}:${socket.remotePort}`;
      this.#sockets.set(peer, socket);
      socket.on("close", () => this.#sockets.delete(peer));
      socket.on("error", () => {});
      injector.injectConnection(socket);
    });
    if (this.#port === 0) this.#port = await freePort();
    this.#listener.listen(this.#port, "127.0.0.1");
    await once(this.#listener, "listening");
  }

  /** Goes away as in a crash; `start` brings it back on the same port with what it has acknowledged. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#grpc?.forceShutdown();
    this.dropConnections();
    if (listener !== undefined) await new Promise((resolve) => listener.close(resolve));
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#log.close();
  }

  #supportedMethods(): unknown {
    const names = [
      "read",
      "append",
      "tombstone",
      "delete",
      ...(this.#options.batchAppend === false ? [] : ["batchappend"]),
    ];
    const methods = new features.SupportedMethods();
    methods.setEventStoreServerVersion(VERSION);
    methods.setMethodsList(
      names.map((name) => {
        const method = new features.SupportedMethod();
        method.setServiceName("event_store.client.streams.streams");
        method.setMethodName(name);
        return method;
      }),
    );
    return methods;
  }
}

function credentialsOf({ certificate }: TestServerOptions) {
  if (certificate === undefined) return grpc.ServerCredentials.createInsecure();
  const pair = { cert_chain: Buffer.from(certificate.cert), private_key: Buffer.from(certificate.key) };
  return grpc.ServerCredentials.createSsl(null, [pair]);
}
