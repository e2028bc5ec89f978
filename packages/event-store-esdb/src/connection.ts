import type { EventStoreDBClient } from "@eventstore/db-client";
import services, { type StreamsClient } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import type { AppendReq, AppendResp, ReadReq } from "@eventstore/db-client/generated/streams_pb.js";
import { openClient } from "./connection-string.ts";
import { failureOf, Passing } from "./failures.ts";

export type ReadCall = ReturnType<StreamsClient["read"]>;
export type BatchAppendCall = ReturnType<StreamsClient["batchAppend"]>;
type AppendCall = ReturnType<StreamsClient["append"]>;
type CallArguments = [metadata: never, options: never];

/**
 * What the client's own methods are built on: the connection, which finds the leader, is made anew when it is lost,
 * and adds the credentials. The methods themselves parse what should stay bytes, cannot filter a read of $all, and
 * share one table of pending appends between all clients of the process.
 */
interface ClientCore {
  GRPCStreamCreator<Call>(
    service: typeof StreamsClient,
    name: string,
    create: (client: StreamsClient) => Call,
  ): () => Promise<Call>;
  execute<T>(
    service: typeof StreamsClient,
    name: string,
    action: (client: StreamsClient) => Promise<T>,
  ): Promise<T>;
  callArguments(
    options: { readonly requiresLeader: boolean },
    callOptions: { readonly deadline: number },
  ): CallArguments;
  getChannel(): Promise<{ close(): void }>;
  /** The node to connect to, `host:port`: the one that is named, the cluster's leader, or where a node sends us. */
  resolveUri(): Promise<string>;
}

/** Throws where a host is not to be reached as the connection string has it. */
export type HostGuard = (host: string) => void;

/** How long closing waits for a connection that is just being made. */
const CLOSING_MS = 1_000;

/** The calls of EventStoreDB's interface that we use. All ask the leader: what it answers is not stale. */
export class Connection {
  readonly #client: EventStoreDBClient;
  readonly #core: ClientCore;
  readonly #appends = new Set<AppendCall>();
  #isClosed = false;

  constructor(url: string, guard?: HostGuard) {
    this.#client = openClient(url);
    this.#core = this.#client as unknown as ClientCore;
    if (guard !== undefined) guardNodes(this.#core, guard);
  }

  read(request: ReadReq): Promise<ReadCall> {
    return this.#start("read", (client) => client.read(request, ...this.#arguments()));
  }

  batchAppend(): Promise<BatchAppendCall> {
    return this.#start("batchAppend", (client) => client.batchAppend(...this.#arguments()));
  }

  /** One append in a call of its own, given up after `timeoutMs`. */
  async append(messages: readonly AppendReq[], timeoutMs: number): Promise<AppendResp> {
    this.#assertOpen();
    const deadline = Date.now() + timeoutMs;
    try {
      return await this.#core.execute(services.StreamsClient, "append", (client) => {
        const { promise, resolve, reject } = Promise.withResolvers<AppendResp>();
        const call = client.append(...this.#arguments(deadline), (error, response) => {
          this.#appends.delete(call);
          if (error === null) resolve(response);
          else reject(error);
        });
        this.#appends.add(call);
        call.on("error", reject);
        for (const message of messages) call.write(message);
        call.end();
        return promise;
      });
    } catch (error) {
      throw failureOf(error);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const call of this.#appends) call.cancel();
    await this.#client.dispose();
    const channel = await within(CLOSING_MS, this.#core.getChannel()).catch(() => undefined);
    channel?.close();
  }

  async #start<Call extends { cancel(): void }>(
    name: string,
    create: (client: StreamsClient) => Call,
  ): Promise<Call> {
    this.#assertOpen();
    try {
      const call = await this.#core.GRPCStreamCreator(services.StreamsClient, name, create)();
      if (this.#isClosed) call.cancel();
      return call;
    } catch (error) {
      throw failureOf(error);
    }
  }

  #arguments(deadline = Number.POSITIVE_INFINITY): CallArguments {
    return this.#core.callArguments({ requiresLeader: true }, { deadline });
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Passing("the event store was closed by this program");
  }
}

/** Before anything is sent to a node. What the guard throws, every call throws from then on: the client keeps no other node. */
function guardNodes(core: ClientCore, guard: HostGuard): void {
  const resolveUri = core.resolveUri;
  core.resolveUri = async () => {
    const node = await resolveUri();
    guard(node.slice(0, node.lastIndexOf(":")));
    return node;
  };
}

/** Rejects with `Passing` when the promise takes longer. */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Passing(`the event store did not answer within ${milliseconds} ms`)),
    milliseconds,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
