import { setTimeout as delay } from "node:timers/promises";
import type * as Status from "@eventstore/db-client/generated/status_pb.js";
import type * as Streams from "@eventstore/db-client/generated/streams_pb.js";
import type { Access } from "./access.ts";
import {
  type AppendOutcome,
  type EventLog,
  type ExpectedRevision,
  NO_STREAM,
  type ProposedEvent,
} from "./event-log.ts";
import {
  type AppendFault,
  appendTooLarge,
  ERRORS,
  type Faults,
  requiresLeader,
  serviceError,
  streamDeleted,
  type WireError,
} from "./faults.ts";
import {
  type AppendCall,
  type AppendCallback,
  type BatchAppendCall,
  type DeleteCall,
  type DeleteCallback,
  identifierOf,
  nameOf,
  packed,
  shared,
  status,
  streams,
  type TombstoneCall,
  type TombstoneCallback,
} from "./wire.ts";

/** What an append comes to; undefined when it is never answered. */
type Answer = AppendOutcome | { readonly error: WireError } | undefined;

interface Request {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: ProposedEvent[];
}

export interface AppendLimits {
  /** Bytes of one append at most. */
  readonly maxBytes: number;
  /** How long it takes to write one, in milliseconds. */
  readonly writeMs: number;
  readonly commitTimeoutMs: number;
}

export class AppendService {
  readonly #log: EventLog;
  readonly #access: Access;
  readonly #faults: Faults;
  readonly #limits: AppendLimits;
  /** What is being written, by the id of the first event. */
  readonly #writing = new Set<string>();
  readonly #drop: (call: AppendCall | BatchAppendCall) => void;
  readonly #mute = new WeakSet<object>();
  /** Calls by method, to tell which one a client uses. */
  readonly counts = { append: 0, batchAppend: 0 };

  constructor(
    log: EventLog,
    access: Access,
    faults: Faults,
    limits: AppendLimits,
    drop: (call: AppendCall | BatchAppendCall) => void,
  ) {
    this.#log = log;
    this.#access = access;
    this.#faults = faults;
    this.#limits = limits;
    this.#drop = drop;
  }

  async append(call: AppendCall, callback: AppendCallback): Promise<void> {
    this.counts.append++;
    let request: Request = { stream: "", expected: "any", events: [] };
    for await (const message of call as AsyncIterable<Streams.AppendReq>) {
      const options = message.getOptions();
      if (options !== undefined) {
        const revision = options.hasRevision() ? Number(options.getRevision()) : undefined;
        const stream = nameOf(options.getStreamIdentifier());
        request = { stream, expected: expectedOf(options, revision), events: [] };
      }
      const proposed = message.getProposedMessage();
      if (proposed !== undefined) request.events.push(toEvent(proposed));
    }
    const answer = await this.#answer(request, call);
    if (answer === undefined) return;
    if ("error" in answer) callback(serviceError(answer.error) as never);
    else if (!answer.stored && answer.reason === "deleted") {
      callback(serviceError(streamDeleted(request.stream)) as never);
    } else callback(null, appendResponse(answer, request.expected));
  }

  async batchAppend(call: BatchAppendCall): Promise<void> {
    this.counts.batchAppend++;
    const pending = new Map<string, Request>();
    call.on("end", () => call.end());
    call.on("error", () => {});
    call.on("data", (message: Streams.BatchAppendReq) => {
      const id = message.getCorrelationId()?.getString() ?? "";
      const options = message.getOptions();
      if (options !== undefined) {
        const revision = options.hasStreamPosition() ? Number(options.getStreamPosition()) : undefined;
        const stream = nameOf(options.getStreamIdentifier());
        pending.set(id, { stream, expected: expectedOf(options, revision), events: [] });
      }
      const request = pending.get(id);
      if (request === undefined) return;
      for (const proposed of message.getProposedMessagesList()) request.events.push(toEvent(proposed));
      if (!message.getIsFinal()) return;
      pending.delete(id);
      void this.#answerBatch(call, message, request);
    });
  }

  async tombstone(call: TombstoneCall, callback: TombstoneCallback): Promise<void> {
    const stream = nameOf(call.request.getOptions()?.getStreamIdentifier());
    if (!this.#access.allows(call, "$d", stream)) return callback(serviceError(ERRORS.accessDenied) as never);
    await this.#log.tombstone(stream);
    const response = new streams.TombstoneResp();
    response.setNoPosition(new shared.Empty());
    callback(null, response);
  }

  async delete(call: DeleteCall, callback: DeleteCallback): Promise<void> {
    const stream = nameOf(call.request.getOptions()?.getStreamIdentifier());
    if (!this.#access.allows(call, "$d", stream)) return callback(serviceError(ERRORS.accessDenied) as never);
    await this.#log.delete(stream);
    const response = new streams.DeleteResp();
    response.setNoPosition(new shared.Empty());
    callback(null, response);
  }

  async #answerBatch(
    call: BatchAppendCall,
    message: Streams.BatchAppendReq,
    request: Request,
  ): Promise<void> {
    const answer = await this.#answer(request, call);
    if (answer === undefined || call.cancelled) return;
    const error = "error" in answer ? batchStatus(answer.error) : undefined;
    if ("error" in answer && error === undefined) {
      call.emit("error", serviceError(answer.error));
      return;
    }
    const response = new streams.BatchAppendResp();
    response.setCorrelationId(message.getCorrelationId());
    response.setStreamIdentifier(identifierOf(request.stream));
    if (error !== undefined) response.setError(error);
    else setBatchOutcome(response, answer as AppendOutcome, request);
    call.write(response);
  }

  async #answer(request: Request, call: AppendCall | BatchAppendCall): Promise<Answer> {
    const size = request.events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
    const { maxBytes } = this.#limits;
    if (!this.#access.allows(call, "$w", request.stream)) return { error: ERRORS.accessDenied };
    if (size > maxBytes) return { error: appendTooLarge(maxBytes) };
    if (this.#mute.has(call)) return undefined;
    const fault = this.#faults.onAppend?.({ ...request, requiresLeader: requiresLeader(call) });
    if (isStored(fault)) {
      const outcome = await this.#write(request, fault?.kind === "write" ? fault.until : undefined);
      if (fault?.kind === "delay") await fault.until;
      if (fault === undefined || fault.kind === "delay" || fault.kind === "write") return outcome;
    }
    if (fault?.kind === "error") return { error: fault.error };
    if (fault?.kind === "drop") this.#drop(call);
    if (fault?.kind === "mute") this.#mute.add(call);
    return undefined;
  }

  /** What is sent again while it is being written is dropped, as the server does: its commit times out. */
  async #write({ stream, expected, events }: Request, until: Promise<void> | undefined): Promise<Answer> {
    const { writeMs, commitTimeoutMs } = this.#limits;
    const id = events[0]?.id ?? "";
    if (this.#writing.has(id)) {
      await delay(commitTimeoutMs, undefined, { ref: false });
      return { error: ERRORS.timedOut };
    }
    if (id !== "") this.#writing.add(id);
    try {
      if (writeMs > 0) await delay(writeMs, undefined, { ref: false });
      await until;
      return await this.#log.append(stream, expected, events);
    } finally {
      this.#writing.delete(id);
    }
  }
}

function isStored(fault: AppendFault | undefined): boolean {
  if (fault === undefined || fault.kind === "delay" || fault.kind === "write") return true;
  return fault.kind !== "mute" && fault.stored;
}

function expectedOf(
  options: { hasNoStream(): boolean; hasStreamExists(): boolean },
  revision: number | undefined,
): ExpectedRevision {
  if (revision !== undefined) return revision;
  if (options.hasNoStream()) return NO_STREAM;
  return options.hasStreamExists() ? "stream_exists" : "any";
}

function toEvent(
  message: Streams.AppendReq.ProposedMessage | Streams.BatchAppendReq.ProposedMessage,
): ProposedEvent {
  const metadata = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? "",
    type: metadata.get("type") ?? "",
    contentType: metadata.get("content-type") ?? "",
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

function appendResponse(outcome: AppendOutcome, expected: ExpectedRevision): Streams.AppendResp {
  const response = new streams.AppendResp();
  if (outcome.stored) {
    const position = new streams.AppendResp.Position();
    position.setCommitPosition(String(outcome.commit));
    position.setPreparePosition(String(outcome.prepare));
    const success = new streams.AppendResp.Success();
    success.setCurrentRevision(String(outcome.revision));
    success.setPosition(position);
    response.setSuccess(success);
    return response;
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  const current = outcome.reason === "wrong-revision" ? outcome.current : NO_STREAM;
  if (current === NO_STREAM) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(current));
  if (expected === NO_STREAM) wrong.setExpectedNoStream(new shared.Empty());
  else if (expected === "stream_exists") wrong.setExpectedStreamExists(new shared.Empty());
  else wrong.setExpectedRevision(String(expected));
  response.setWrongExpectedVersion(wrong);
  return response;
}

function setBatchOutcome(response: Streams.BatchAppendResp, outcome: AppendOutcome, request: Request): void {
  if (outcome.stored) {
    const position = new shared.AllStreamPosition();
    position.setCommitPosition(String(outcome.commit));
    position.setPreparePosition(String(outcome.prepare));
    const success = new streams.BatchAppendResp.Success();
    success.setCurrentRevision(String(outcome.revision));
    success.setPosition(position);
    response.setSuccess(success);
  } else if (outcome.reason === "deleted") {
    const deleted = new shared.StreamDeleted();
    deleted.setStreamIdentifier(identifierOf(request.stream));
    response.setError(statusOf(5, "StreamDeleted", deleted));
  } else {
    const wrong = new shared.WrongExpectedVersion();
    if (outcome.current !== NO_STREAM) wrong.setCurrentStreamRevision(String(outcome.current));
    if (typeof request.expected === "number" && request.expected !== NO_STREAM) {
      wrong.setExpectedStreamPosition(String(request.expected));
    }
    response.setError(statusOf(6, "WrongExpectedVersion", wrong));
  }
}

/** The same error as BatchAppend tells it: in the answer, while others end the whole call. */
function batchStatus(error: WireError): Status.Status | undefined {
  switch (error.trailers?.["exception"]) {
    case "access-denied":
      return statusOf(7, "AccessDenied", new shared.AccessDenied());
    case "maximum-append-size-exceeded": {
      const exceeded = new shared.MaximumAppendSizeExceeded();
      exceeded.setMaxappendsize(Number(error.trailers["maximum-append-size"]));
      return statusOf(3, "MaximumAppendSizeExceeded", exceeded);
    }
  }
  if (error.code === 10) return statusOf(4, "Timeout", new shared.Timeout());
  if (error.code === 2) return statusOf(2, "Unknown", new shared.Unknown());
  return undefined;
}

function statusOf(code: number, name: string, details: { serializeBinary(): Uint8Array }): Status.Status {
  const result = new status.Status();
  result.setCode(code as never);
  result.setMessage(name);
  result.setDetails(packed(details, `event_store.client.${name}`));
  return result;
}
