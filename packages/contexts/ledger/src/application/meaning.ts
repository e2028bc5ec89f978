import { type BusinessKey, commandFingerprint, type Plain } from "@taem/kernel";
import { DEFAULTS } from "../api/defaults.ts";
import type { OperationName } from "../api/operation-bodies.ts";
import type { AccountCommand } from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";
import { differenceOf } from "./key-reuse.ts";
import { canonicalKey, spellingsOfKey } from "./spellings.ts";
import type { AccountRef, Recognition } from "./wish.ts";

type Fields = Readonly<Record<string, Plain>>;

/** What a caller sent and means by it: the body without its key, whoever and whatever it is about by our ids. */
export interface Sent {
  readonly fields: Fields;
  readonly origin: BusinessKey | undefined;
}

/**
 * What a body that left these out meant while fingerprints covered what schemas had filled in. Frozen: events of that
 * time carry such fingerprints for ever.
 */
const ONCE_FILLED_IN: Readonly<Partial<Record<OperationName, Readonly<Record<string, string>>>>> = {
  earn: { reason: "purchase" },
  burn: { redemption: "reward" },
  hold: { redemption: "reward" },
  reverse: { reason: "return" },
};

const NOTHING: Readonly<Record<string, string>> = {};

/** Tells whether a command is the first one under its key, sent again. */
export class Meaning implements Recognition {
  readonly fingerprint: string;
  readonly #name: OperationName;
  readonly #account: { readonly programme: string; readonly member: string; readonly currency: string };
  readonly #sent: Sent;

  constructor(name: OperationName, { programme, member, currency }: AccountRef, sent: Sent) {
    this.#name = name;
    this.#account = { programme: programme.id, member: member.id, currency: currency.code };
    this.#sent = sent;
    this.fingerprint = this.#fingerprintOf(sent.fields, sent.origin && canonicalKey(sent.origin));
  }

  /** By the earlier rule, and where one of the two writes out what the other leaves to the default. */
  recognises(first: string): boolean {
    const { fields, origin } = this.#sent;
    const filledIn = { ...(ONCE_FILLED_IN[this.#name] ?? NOTHING), ...fields };
    const origins = origin === undefined ? [undefined] : spellingsOfKey(origin);
    return [filledIn, this.#withoutDefaults()].some((variant) =>
      origins.some((spelling) => this.#fingerprintOf(variant, spelling) === first),
    );
  }

  difference(command: AccountCommand, first: readonly AccountEvent[]): string {
    return differenceOf(command, first, this.#sent.fields["occurredAt"] !== undefined);
  }

  /** Only while the default is still what it was: else to write it out means something else than to leave it out. */
  #withoutDefaults(): Fields {
    const then = ONCE_FILLED_IN[this.#name] ?? NOTHING;
    const now: Readonly<Record<string, string>> =
      this.#name in DEFAULTS ? DEFAULTS[this.#name as keyof typeof DEFAULTS] : NOTHING;
    const says = ([field, value]: [string, Plain]) => value !== then[field] || value !== now[field];
    return Object.fromEntries(Object.entries(this.#sent.fields).filter(says));
  }

  #fingerprintOf(fields: Fields, origin: BusinessKey | undefined): string {
    const meant = origin === undefined ? fields : { ...fields, origin: { ...origin } };
    return commandFingerprint({ ...meant, type: this.#name }, this.#account);
  }
}
