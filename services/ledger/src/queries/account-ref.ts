import type { AccountIdentity } from "@taem/ledger/domain";
import { accountStream } from "@taem/ledger/events";
import { type Currency, type Programme, zoneAt } from "@taem/programme/definitions";

/** One account: a member's points in one currency of a programme. */
export interface AccountRef {
  readonly programme: Programme;
  readonly currency: Currency;
  readonly member: string;
  readonly slice: number;
}

export function streamOf({ member, currency }: AccountRef): string {
  return accountStream(member, currency.no);
}

export function identityOf(programme: Programme, currency: string, member: string): AccountIdentity {
  return { programme: programme.id, member, currency, zoneAt: (at) => zoneAt(programme, at) };
}
