import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { CounterMetric, Metrics } from "@taem/runtime";
import type { Incoming } from "./incoming.ts";
import type { Limits } from "./limits.ts";
import { networksOf, siteOf } from "./networks.ts";

const CONNECTION = Symbol("connection");

/** A `WeakMap` would make connections dear to collect. */
interface Known {
  [CONNECTION]?: Connection;
}

const SECOND_MS = 1_000;
/** Who is still sending has so long to read an answer that was not waited for. */
const LINGER_MS = 1_000;
/** A body of so many bytes may flow by unread, which costs less than another connection. */
const FLOWS_BY = 64 * 1_024;

/** Of Node, which has no way of its own to stop reading requests out of the bytes that are there. */
interface Parsed {
  parser?: { onIncoming: () => number } | null;
}

/** To Node's parser an error, after which it reads no further. */
const STOP = (): number => -1;

/** Why a caller was cut off, as the metric calls it. */
const REASONS = ["unread_answer", "slow_body", "unwanted_body", "pipelining", "connections"] as const;
export type CutOff = (typeof REASONS)[number];

/** One connection, which has one request under way at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #onCutOff: (reason: CutOff) => void;
  #answer: ServerResponse | undefined;
  #isEnding = false;
  #isHeld = false;
  /** What its caller has to have read, by when. */
  #mark: { readonly sent: number; readonly until: number } | undefined;
  /** The body that is coming. */
  incoming: Incoming | undefined;
  /** Of a request whose memory changes without its doing. */
  onLook: (() => void) | undefined;

  constructor(socket: Socket, onCutOff: (reason: CutOff) => void) {
    this.#socket = socket;
    this.#onCutOff = onCutOff;
    // A request that flows has its connection read on whenever it has handed out what there was.
    socket.on("resume", () => {
      if (this.#isHeld) socket.pause();
    });
  }

  /** Whether the answer to the last request is not all out of our hands. */
  get isAnswering(): boolean {
    return this.#answer !== undefined && !(this.#answer.writableEnded && this.#answer.writableLength === 0);
  }

  /** Nothing more is read, until `release`. What was read by then is handed out still. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#socket.pause();
  }

  release(): void {
    if (!this.#isHeld || this.#isEnding) return;
    this.#isHeld = false;
    this.#socket.resume();
  }

  /** The answer that is under way, or was the last. */
  get answer(): ServerResponse | undefined {
    return this.#answer;
  }

  begin(response: ServerResponse): void {
    this.#answer = response;
    this.incoming = undefined;
    this.onLook = undefined;
  }

  /**
   * A request that was sent before the answer to the one before: whoever sends so gets that answer, and no connection after it
   * (RFC 9112, 9.3.2 and 9.6).
   */
  refuse(): void {
    if (this.#isEnding) return;
    this.#end("pipelining").once("finish", () => this.#socket.destroySoon());
    // Thousands may have come at once, and each would be kept.
    const { parser } = this.#socket as Parsed;
    if (parser) parser.onIncoming = STOP;
  }

  /**
   * Nobody wants the rest of a request's body: a small one flows by, so that the connection stays usable. With another the connection
   * ends after the answer: it is not read on, however small the pieces in which that would come.
   */
  forsake({ complete, headers }: IncomingMessage): void {
    const isSmall =
      headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) <= FLOWS_BY;
    if (complete || isSmall || this.#isEnding) return;
    const answer = this.#end("unwanted_body");
    const linger = () => {
      this.#socket.end();
      setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    };
    if (answer.writableFinished) linger();
    else answer.once("finish", linger);
  }

  /** No request is taken any more. Returns the last answer. */
  #end(reason: CutOff): ServerResponse {
    this.#isEnding = true;
    this.#onCutOff(reason);
    this.hold();
    const answer = this.#answer as ServerResponse;
    answer.shouldKeepAlive = false;
    return answer;
  }

  /** Whether no request is taken any more, but for an answer that is on its way. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Cuts it off where its caller does not read, or send. `now` of `performance.now()`. */
  look(now: number, { graceMs, minBytesPerSecond }: Limits): void {
    this.onLook?.();
    if (this.incoming?.expire(now) === true) this.#onCutOff("slow_body");
    const { writableLength: unread, bytesWritten } = this.#socket;
    if (unread === 0) this.#mark = undefined;
    else if (this.#mark === undefined || bytesWritten - unread >= this.#mark.sent) {
      const until = now + graceMs + (unread / minBytesPerSecond) * SECOND_MS;
      this.#mark = { sent: bytesWritten, until };
    } else if (now > this.#mark.until) {
      this.#onCutOff("unread_answer");
      this.#socket.destroy();
    }
  }
}

/** The connections of a server, looked at every second. */
export class Connections {
  readonly #open = new Set<Connection>();
  readonly #cutOffs: CounterMetric<"reason">;
  readonly #onCutOff = (reason: CutOff): void => this.#cutOffs.add({ reason });
  #timer: NodeJS.Timeout | undefined;
  /** By address, of those that are no trusted proxy's. */
  readonly #ofAddress = new Map<string, number>();
  readonly #isTrusted: (address: string) => boolean;

  constructor(metrics: Metrics, trustedProxies: readonly string[]) {
    this.#isTrusted = networksOf(trustedProxies);
    this.#cutOffs = metrics.counter({
      name: "taem_http_cut_off_total",
      help: "Callers that were cut off: they did not read answers, sent too slowly or what nobody wanted, did not wait for an answer, or had too many connections.",
      labels: ["reason"],
    });
    for (const reason of REASONS) this.#cutOffs.add({ reason }, 0);
  }

  get count(): number {
    return this.#open.size;
  }

  /** The connection of a request. */
  static of({ socket }: Pick<IncomingMessage, "socket">): Connection {
    return (socket as Known)[CONNECTION] as Connection;
  }

  /** None where it never made one of ours. */
  static ofSocket(socket: object): Connection | undefined {
    return (socket as Known)[CONNECTION];
  }

  /** `onLook` is called as often as connections are looked at. */
  watch(server: HttpServer, limits: Limits, onLook: () => void): void {
    server.on("connection", (socket: Socket) => {
      if (!this.#admit(socket, limits.maxAddressConnections)) {
        this.#onCutOff("connections");
        socket.destroy();
        return;
      }
      const connection = new Connection(socket, this.#onCutOff);
      (socket as Known)[CONNECTION] = connection;
      this.#open.add(connection);
      socket.once("close", () => this.#open.delete(connection));
    });
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const connection of this.#open) connection.look(now, limits);
      onLook();
    }, limits.lookMs);
    this.#timer.unref();
  }

  /** Counts it for its address, which the socket remembers from here on. Whether there is room. */
  #admit(socket: Socket, most: number): boolean {
    const { remoteAddress = "" } = socket;
    if (this.#isTrusted(remoteAddress)) return true;
    const address = siteOf(remoteAddress);
    const open = this.#ofAddress.get(address) ?? 0;
    if (open >= most) return false;
    this.#ofAddress.set(address, open + 1);
    socket.once("close", () => {
      const left = (this.#ofAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#ofAddress.set(address, left);
      else this.#ofAddress.delete(address);
    });
    return true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
