import { accountStream } from "@taem/contracts";
import type { EventStore, Position } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import { loadParked } from "@taem/projection";

/** An account that the read model has stopped following. */
export interface ParkedAccount {
  readonly member: string;
  /** Ordinal of its currency. */
  readonly currencyNo: number;
  /** Of the first event that is not in the rows. */
  readonly position: Position;
  readonly revision: number;
}

const ACCOUNT_STREAM = /^taem\.account-([0-9a-f-]{36})-([0-9]+)$/;

/** The accounts of all programmes whose events are parked: few, or the projector stops. */
export async function parkedAccounts(sql: Queryable): Promise<ParkedAccount[]> {
  const parked = await loadParked(sql, "taem_ledger");
  return parked.flatMap(({ key, position, revision }) => {
    const [, member, no] = ACCOUNT_STREAM.exec(key) ?? [];
    return member === undefined ? [] : [{ member, currencyNo: Number(no), position, revision }];
  });
}

/** Those whose very first event is parked have no row to say whose they are: the event's text does. */
export async function isOfProgramme(
  store: Pick<EventStore, "read">,
  { member, currencyNo }: ParkedAccount,
  programme: string,
): Promise<boolean> {
  const [stream] = await store.read([
    { stream: accountStream(member, currencyNo), afterRevision: 0, limit: 1 },
  ]);
  const [first] = stream?.events ?? [];
  return first?.data.includes(`"programme":${JSON.stringify(programme)}`) === true;
}
