import { type Currency, type Programme, zoneAt } from "@taem/programme/definitions";
import type { AccountIdentity } from "../domain/index.ts";
import { accountStream } from "../events.ts";

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
