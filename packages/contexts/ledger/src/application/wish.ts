import type { Made } from "@taem/event-store";
import type { Caller } from "@taem/host";
import type { BusinessKey } from "@taem/kernel";
import type { Currency, Programme } from "@taem/programme/definitions";
import type { AccountCommand, AccountState, Activity, Balance, Refusal } from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";
import type { KnownMember } from "./directory.ts";

/** One account, as a command names it. */
export interface AccountRef {
  readonly programme: Programme;
  readonly currency: Currency;
  readonly member: KnownMember;
}

export interface Accepted extends Made<AccountEvent> {
  readonly replayed: boolean;
  /** The definitions that it was decided on, or repeated under. */
  readonly programme: Programme;
  /** The account as of now, after the command. */
  readonly balance: Balance;
  /** Position of the effect in the log; undefined for a replay. */
  readonly position: string | undefined;
}

export type Outcome = Accepted | { readonly refused: Refusal };

/** What is needed only where a command's key was used before. */
export interface Recognition {
  /** Whether the command has the first one's meaning though not its fingerprint, which an earlier rule may have made. */
  recognises(first: string): boolean;
  /** Why not, for the caller. */
  difference(command: AccountCommand, first: readonly AccountEvent[]): string;
}

/** Who asks for a command on an account. */
export interface CommandCaller extends Caller {
  /** Streams of accounts of which an earlier command was refused for today: what comes later must not overtake it. */
  readonly heldBack?: Set<string>;
  /** Called when the command has its place in its account's order: what follows may be decided after it. */
  readonly placed?: () => void;
}

/** What is asked of an account. */
export interface Wish {
  readonly key: BusinessKey;
  /** The command, by the definitions that it is decided on. */
  under(programme: Programme): AccountCommand;
  /** What of its client's day the command counts for, if for anything. */
  readonly countsAs?: keyof Activity | undefined;
  /** What keeps it from the account as it is when it is decided; a repetition is kept from nothing. */
  readonly guard?: ((state: AccountState) => Refusal | undefined) | undefined;
  /** Without it the command is a saga's, whose keys stand for one meaning each. */
  readonly again?: Recognition;
}
