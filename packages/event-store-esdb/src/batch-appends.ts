import { randomUUID } from "node:crypto";
import shared, { type UUID } from "@eventstore/db-client/generated/shared_pb.js";
import type { Status } from "@eventstore/db-client/generated/status_pb.js";
import streams, { type BatchAppendResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { AppendAnswer, AppendRequest } from "./append-request.ts";
import type { BatchAppendCall, Connection } from "./connection.ts";
import { toIdentifier, toProposed } from "./event-messages.ts";
import { accessDenied, appendTooLarge, failureOf, Passing, refused, streamDeleted } from "./failures.ts";
import { positionIfAny } from "./positions.ts";
import { startedWithin } from "./read-calls.ts";

interface Pending {
  readonly resolve: (answer: AppendAnswer) => void;
  readonly reject: (reason: unknown) => void;
  readonly stream: string;
}

/** One call and the appends that wait for an answer over it: what befalls another call is not their business. */
interface OpenCall {
  readonly call: BatchAppendCall;
  readonly pending: Map<string, Pending>;
  /** Milliseconds since the epoch; 0 before the first. */
  lastAnswerAt: number;
  hasEnded: boolean;
}

/**
 * Many appends over one long call. The client does this too, but keeps the pending ones of all its instances in one
 * table: an error of one rejects the appends of another, and an answer that comes after that throws where nobody can
 * catch it.
 */
export class BatchAppends {
  readonly #connection: Connection;
  readonly #timeoutMs: number;
  #open: Promise<OpenCall> | undefined;

  constructor(connection: Connection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with `Passing` when it is not known what became of the append. */
  async send(request: AppendRequest): Promise<AppendAnswer> {
    this.#open ??= this.#start();
    const open = await this.#open;
    if (open.hasEnded) throw new Passing("the call ended before the append was sent");
    const { promise, resolve, reject } = Promise.withResolvers<AppendAnswer>();
    const id = randomUUID();
    const sentAt = Date.now();
    open.pending.set(id, { resolve, reject, stream: request.stream });
    const timer = setTimeout(() => {
      open.pending.delete(id);
      reject(new Passing(`the append was not answered within ${this.#timeoutMs} ms`));
      if (open.lastAnswerAt < sentAt) open.call.cancel();
    }, this.#timeoutMs);
    try {
      open.call.write(toMessage(id, request));
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async #start(): Promise<OpenCall> {
    try {
      const call = await startedWithin(this.#timeoutMs, this.#connection.batchAppend());
      const open: OpenCall = { call, pending: new Map(), lastAnswerAt: 0, hasEnded: false };
      call.on("data", (response: BatchAppendResp) => answer(open, response));
      call.on("error", (error) => this.#end(open, failureOf(error)));
      call.on("end", () => this.#end(open, new Passing("the event store ended the call")));
      return open;
    } catch (error) {
      this.#open = undefined;
      throw error;
    }
  }

  #end(open: OpenCall, reason: unknown): void {
    if (open.hasEnded) return;
    open.hasEnded = true;
    this.#open = undefined;
    // A call that was refused took nothing; one that has answered may have stored what it did not answer.
    const failure = open.lastAnswerAt === 0 ? reason : new Passing("the call broke off", { cause: reason });
    for (const { reject } of open.pending.values()) reject(failure);
    open.pending.clear();
  }
}

function answer(open: OpenCall, response: BatchAppendResp): void {
  open.lastAnswerAt = Date.now();
  const id = response.getCorrelationId()?.getString() ?? "";
  const waiting = open.pending.get(id);
  // The answer of an append that was given up comes late.
  if (waiting === undefined) return;
  open.pending.delete(id);
  const error = response.getError();
  if (error === undefined) waiting.resolve(toSuccess(response));
  else settle(waiting, error);
}

function toSuccess(response: BatchAppendResp): AppendAnswer {
  const success = response.getSuccess();
  const position = success?.getPosition();
  return {
    stored: true,
    revision: Number(success?.getCurrentRevision()) + 1,
    position: position && positionIfAny(position.getCommitPosition(), position.getPreparePosition()),
  };
}

function settle({ resolve, reject, stream }: Pending, error: Status): void {
  const details = error.getDetails();
  const type = details?.getTypeName() ?? "";
  const cause = new Error(error.getMessage());
  switch (type.slice(type.lastIndexOf(".") + 1)) {
    case "WrongExpectedVersion": {
      const wrong = shared.WrongExpectedVersion.deserializeBinary(
        details?.getValue_asU8() ?? new Uint8Array(),
      );
      const current = wrong.hasCurrentStreamRevision() ? Number(wrong.getCurrentStreamRevision()) : -1;
      return resolve({ stored: false, actualRevision: current + 1 });
    }
    case "StreamDeleted":
      return reject(streamDeleted(stream, cause));
    case "AccessDenied":
      return reject(accessDenied(cause));
    case "MaximumAppendSizeExceeded":
    case "MaximumAppendEventSizeExceeded":
      return reject(appendTooLarge(cause));
    case "BadRequest":
      return reject(refused(error.getMessage(), cause));
    default:
      // Timeout, Unknown, and what is told in words only: not ready, too busy, no leader.
      return reject(new Passing(error.getMessage(), { cause }));
  }
}

function toMessage(id: string, { stream, expectedRevision, events }: AppendRequest) {
  const options = new streams.BatchAppendReq.Options();
  options.setStreamIdentifier(toIdentifier(stream));
  if (expectedRevision === 0) options.setNoStream(new shared.Empty());
  else options.setStreamPosition(String(expectedRevision - 1));
  const message = new streams.BatchAppendReq();
  message.setCorrelationId(uuidOf(id));
  message.setOptions(options);
  message.setIsFinal(true);
  message.setProposedMessagesList(
    events.map((event) => toProposed(streams.BatchAppendReq.ProposedMessage, event)),
  );
  return message;
}

function uuidOf(id: string): UUID {
  const uuid = new shared.UUID();
  uuid.setString(id);
  return uuid;
}
