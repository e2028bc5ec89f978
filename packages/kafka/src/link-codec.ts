import type { KeyObject } from "node:crypto";
import type { Position, RecordedEvent } from "@taem/event-store";
import type { Landmark, Link, LinkedEvent } from "@taem/processing";
import {
  type Catalogue,
  ContractViolation,
  type DomainEvent,
  decodeProvenance,
  UnknownEventVersion,
} from "@taem/schema";
import { decodeEnvelope, type Envelope, encodeEnvelope, PayloadCodec } from "@taem/schema/avro";
import type { KafkaMessage } from "kafkajs";
import type { Message } from "./event-publisher.ts";
import type { Refusal } from "./refusals.ts";
import { Seal } from "./seal.ts";

/** Of a message, as the client hands them over. */
export type MessageHeaders = NonNullable<KafkaMessage["headers"]>;

const SEAL = "seal";
const LANDMARK = "landmark";
const LANDMARK_TEXT = /^([1-9]\d{0,8}) ([0-9a-f-]{36}) (\S{1,200})$/;

type SentEvent = NonNullable<Envelope["event"]> & Pick<Envelope, "slice" | "position">;

export interface LinkCodecOptions {
  /** The events that it can tell of, and read. */
  readonly catalogue: Catalogue;
  /** UUID; stamped on every message: whose log it is. */
  readonly installation: string;
  /** Seals messages; of this purpose alone, and the same in every process of the installation. */
  readonly key: KeyObject;
  /** Where they are sent: a message of one topic is none of another. */
  readonly topic: string;
}

/** Links of an installation's log as messages of a topic. */
export class LinkCodec {
  readonly #catalogue: Catalogue;
  readonly #payloads: PayloadCodec;
  readonly #installation: string;
  readonly #seal: Seal;

  constructor({ catalogue, installation, key, topic }: LinkCodecOptions) {
    this.#catalogue = catalogue;
    this.#payloads = new PayloadCodec(catalogue.events);
    this.#installation = installation;
    this.#seal = new Seal(key, topic);
  }

  /** Whether an event of the store can be a message. */
  knows(record: RecordedEvent): boolean {
    return this.#catalogue.events.isKnown(record);
  }

  /** An event of the store as a message, in the current version of its type. Throws where it is not known, or cannot be read. */
  encode(record: RecordedEvent, previous: Position): Message {
    const { id, type, stream, revision, slice, position, recordedAt } = record;
    const provenance = decodeProvenance(record.meta);
    const { events } = this.#catalogue;
    const data = this.#payloads.encode(events.decode(record));
    const version = events.currentVersion(type);
    const event = { id, type, version, stream, revision, recordedAt, ...provenance, data };
    const value = encodeEnvelope({ installation: this.#installation, slice, position, previous, event });
    return { slice, value, headers: { [SEAL]: this.#seal.of(value, "") } };
  }

  /**
   * Says that a slice holds nothing between two positions. Which event lies at the position goes beside it, in a header: it is
   * nothing that a reader of the events needs.
   */
  encodeWatermark({ slice, position, previous, landmark }: Omit<Link, "event">): Message {
    const value = encodeEnvelope({ installation: this.#installation, slice, position, previous });
    const text = landmark === undefined ? "" : `${landmark.revision} ${landmark.id} ${landmark.stream}`;
    const seal = this.#seal.of(value, text);
    return { slice, value, headers: { [SEAL]: seal, ...(text !== "" && { [LANDMARK]: text }) } };
  }

  /**
   * The link that a message carries; why it is left out, where it is not as the relay of this installation has sent it to this
   * topic. Then something may be missing, which the chain shows and the store makes good.
   */
  decode(value: Buffer | null, headers: MessageHeaders = {}): Link | Refusal {
    const seal = headers[SEAL];
    if (seal === undefined) return "unsealed";
    const landmark = String(headers[LANDMARK] ?? "");
    // Before anything of it is looked at.
    if (value === null || !Buffer.isBuffer(seal) || !this.#seal.isGenuine(seal, value, landmark))
      return "forged";
    try {
      const { installation, slice, position, previous, event } = decodeEnvelope(value);
      if (installation !== this.#installation) return "forged";
      if (event === undefined) return { slice, position, previous, landmark: landmarkIn(landmark, position) };
      return { slice, position, previous, event: this.#linkedEvent({ ...event, slice, position }) };
    } catch (error) {
      if (error instanceof ContractViolation) return "unreadable";
      throw error;
    }
  }

  #linkedEvent(sent: SentEvent): LinkedEvent {
    const { id, type, stream, revision, slice, position, recordedAt, actor, correlation, causation, data } =
      sent;
    const record = { id, type, stream, revision, slice, position, recordedAt };
    const provenance = { actor, correlation, ...(causation !== undefined && { causation }) };
    try {
      // Now, and not when it is asked for: what cannot be read must not be taken for the event.
      const event = this.#payloads.decode(type, data);
      return {
        record,
        provenance,
        isKnown: (events) => events.has(type),
        decode: () => event,
      };
    } catch (error) {
      if (!(error instanceof UnknownEventVersion)) throw error;
      const decode = (): DomainEvent => {
        throw error;
      };
      return { record, provenance, isKnown: () => false, decode };
    }
  }
}

/** Undefined where there is none. */
function landmarkIn(text: string, position: Position): Landmark | undefined {
  const [, revision, id, stream] = LANDMARK_TEXT.exec(text) ?? [];
  if (revision === undefined || id === undefined || stream === undefined) return undefined;
  return { position, stream, revision: Number(revision), id };
}
