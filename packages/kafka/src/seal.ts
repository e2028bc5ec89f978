import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { derivedKey } from "@taem/runtime";

/** Half of SHA-256, the least that RFC 2104 lets one keep: a forger has to guess it by sending, once for each of 2^128. */
const BYTES = 16;

/**
 * Seals messages with a MAC, by which a reader knows that the relay of its own installation has sent them, to this topic, and
 * that they are as they were: HMAC-SHA-256 over all that is believed. Whoever can write to a topic has no part in what is read
 * of it.
 */
export class Seal {
  readonly #key: KeyObject;

  /** `key` is of this purpose alone, and the same in every process of the installation. */
  constructor(key: KeyObject, topic: string) {
    this.#key = derivedKey(key, topic);
  }

  /** Of a message's value and of what goes beside it, empty where nothing does. */
  of(value: Buffer, beside: string): Buffer {
    // Its length comes first: no other value beside another text makes the same bytes.
    const mac = createHmac("sha256", this.#key).update(`${beside.length}:${beside}`, "latin1").update(value);
    return mac.digest().subarray(0, BYTES);
  }

  isGenuine(seal: Buffer, value: Buffer, beside: string): boolean {
    return seal.length === BYTES && timingSafeEqual(seal, this.of(value, beside));
  }
}
