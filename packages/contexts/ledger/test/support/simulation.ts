import type { KeyObject } from "node:crypto";
import type { Append, EventStore } from "@taem/event-store";
import { uniqueStreamOf } from "@taem/host";
import { AppliedKeys, type BusinessKey, sliceOfMember } from "@taem/kernel";
import {
  type AccountCommand,
  type AccountState,
  type DecisionContext,
  decide,
  dueEvents,
  evolve,
  newAccount,
} from "@taem/ledger/domain";
import { type AccountEvent, account as accountCategory, accountStream } from "@taem/ledger/events";
import { member as memberCategory, memberStream } from "@taem/member/events";
import { type Currency, evolveProgramme, type Programme, zoneAt } from "@taem/programme/definitions";
import {
  codeReservations,
  type DefinitionEvent,
  programme as programmeCategory,
  programmeStream,
} from "@taem/programme/events";
import { createCatalogue, sliceOfStream } from "@taem/schema";
import { DAY, definitionsOf, START_OF_TIME } from "./definitions.ts";
import { Random } from "./random.ts";

const catalogue = createCatalogue([accountCategory, programmeCategory, memberCategory, codeReservations]);

type ProgrammeDefined = DefinitionEvent<"ProgrammeDefined">;
type Event = ReturnType<typeof catalogue.events.decode>;

export interface Account {
  readonly programme: Programme;
  readonly currency: Currency;
  readonly member: string;
  readonly stream: string;
  readonly slice: number;
  readonly enrolledAt: number;
  state: AccountState;
  readonly keys: AppliedKeys;
  /** Events not appended yet. */
  waiting: AccountEvent[];
  /** Events of the last keyed commands, by revision of the first: what can be reversed. */
  readonly recent: Map<number, { readonly key: BusinessKey; readonly events: AccountEvent[] }>;
}

export type Request = Record<string, unknown> & { readonly type: AccountCommand["type"] };

const RECENT = 8;
const MAX_WAITING = 400;

/** Accounts that live through the domain's own deciders, their events going to a store. */
export class Simulation {
  readonly random: Random;
  readonly accounts: Account[] = [];
  readonly programmes: Programme[] = [];
  now = START_OF_TIME;
  events = 0;
  readonly #store: EventStore;
  readonly #hmacKey: KeyObject;
  readonly #waiting = new Set<Account>();
  #keys = 0;
  /** Apart: how many events there are changes nothing in what happens. */
  readonly #ids: Random;

  constructor(store: EventStore, seed: number, hmacKey: KeyObject) {
    this.#store = store;
    this.#hmacKey = hmacKey;
    this.random = new Random(seed);
    this.#ids = new Random(seed + 1);
  }

  async defineProgramme(code: string, zone: string): Promise<Programme> {
    const definitions = definitionsOf(this.random.uuid(), code, zone);
    const programme = definitions.reduce<Programme | undefined>(evolveProgramme, undefined) as Programme;
    await this.#reserve(definitions[0] as ProgrammeDefined);
    await this.#append(programmeStream(programme.id), 0, definitions);
    this.programmes.push(programme);
    return programme;
  }

  /** Publishes more definitions of a programme; accounts opened before keep deciding by the old ones. */
  async publish(programme: Programme, events: readonly DefinitionEvent[]): Promise<Programme> {
    await this.#append(programmeStream(programme.id), programme.revision, events);
    return events.reduce<Programme>(evolveProgramme, programme);
  }

  open(programme: Programme, currency: string): Account {
    const member = this.random.uuid();
    const found = programme.currencies.get(currency) as Currency;
    const account: Account = {
      programme,
      currency: found,
      member,
      stream: accountStream(member, found.no),
      slice: sliceOfMember(programme.id, member),
      enrolledAt: this.now,
      state: newAccount(),
      keys: new AppliedKeys(),
      waiting: [],
      recent: new Map(),
    };
    this.accounts.push(account);
    return account;
  }

  /** As the commands service enrols the member of an account. */
  async enrol({ programme, member, enrolledAt }: Account): Promise<void> {
    const event = { type: "MemberEnrolled", programme: programme.id, member, enrolledAt } as const;
    await this.#append(memberStream(member), 0, [event]);
  }

  /** As the commands service reserves a code for a programme that it then does not come to define. */
  async reserveCode(code: string): Promise<void> {
    const [defined] = definitionsOf(this.#ids.uuid(), code, "Asia/Bangkok");
    await this.#reserve(defined as ProgrammeDefined);
  }

  async #reserve(defined: ProgrammeDefined): Promise<void> {
    await this.#append(uniqueStreamOf(this.#hmacKey, "programme", defined.code), 0, [defined]);
  }

  context(account: Account, actor = "till"): DecisionContext {
    const { programme, currency, member, keys } = account;
    return { now: this.now, actor, programme, currency, member, keys };
  }

  /** Decides one command; the events it made, none when it was refused. */
  act(account: Account, request: Request, actor = "till"): readonly AccountEvent[] {
    const key = { system: "pos", id: `k${++this.#keys}`, leg: "main" };
    const defaults = { key, occurredAt: this.now, fingerprint: "0".repeat(32) };
    const command = { ...defaults, ...request } as unknown as AccountCommand;
    const context = this.context(account, actor);
    let decision = decide(command, account.state, context);
    if ("needs" in decision) {
      const origin = account.recent.get(decision.needs.revision)?.events ?? [];
      decision = decide(command, account.state, { ...context, origin });
    }
    if (!("accepted" in decision)) return [];
    this.#record(account, decision.accepted);
    return decision.accepted;
  }

  /** Records what time has done to an account. */
  sweep(account: Account): void {
    const { programme, currency, member } = account;
    const zone = (at: number) => zoneAt(programme, at);
    const identity = { programme: programme.id, member, currency: currency.code, zoneAt: zone };
    this.#record(account, dueEvents(account.state, identity, this.now));
  }

  transfer(from: Account, to: Account, points: bigint): void {
    const transfer = this.random.uuid();
    const out = this.act(from, { type: "transfer", points, to: to.member, transfer });
    const plan = out.flatMap((event) => (event.type === "TransferOut" ? event.plan : []));
    const left = out.find((event) => event.type === "TransferOut");
    if (left === undefined) return;
    const { effectiveAt, key } = left;
    const arrived = this.act(to, {
      type: "receive_transfer",
      transfer,
      from: from.member,
      lots: plan,
      effectiveAt,
    });
    const refused = arrived.find((event) => event.type === "TransferInRefused");
    if (refused === undefined) return;
    const takes = out.flatMap((event) => (event.type === "TransferOut" ? event.takes : []));
    this.act(from, {
      type: "return_transfer",
      transfer,
      out: key,
      takes,
      refusal: refused.refusal,
      effectiveAt,
    });
  }

  async settle(): Promise<void> {
    const accounts = [...this.#waiting];
    this.#waiting.clear();
    const appends = accounts.map(
      ({ stream, slice, state, waiting }): Append => ({
        stream,
        slice,
        expectedRevision: state.revision - waiting.length,
        events: waiting.map((event) => this.#recordOf(event)),
      }),
    );
    for (const account of accounts) account.waiting = [];
    for (const result of await this.#store.append(appends))
      if (!result.ok) throw new Error("the simulation met a conflict");
  }

  get isFull(): boolean {
    return this.#waiting.size >= MAX_WAITING;
  }

  advance(days: number): void {
    this.now += Math.round(days * DAY);
  }

  #record(account: Account, events: readonly AccountEvent[]): void {
    if (events.length === 0) return;
    const keyed = events.filter((event) => "key" in event);
    for (const event of events) {
      evolve(account.state, event);
      if ("key" in event) account.keys.add(event.key, account.state.revision);
      account.waiting.push(event);
      if (event === keyed[0]) {
        account.recent.set(account.state.revision, { key: event.key, events: keyed as AccountEvent[] });
      }
    }
    const [oldest] = account.recent.keys();
    if (account.recent.size > RECENT && oldest !== undefined) account.recent.delete(oldest);
    this.#waiting.add(account);
    this.events += events.length;
  }

  async #append(stream: string, expectedRevision: number, events: readonly Event[]): Promise<void> {
    const [first] = events as readonly { readonly programme?: string; readonly member?: string }[];
    const slice = sliceOfStream(catalogue, stream, first ?? {});
    const records = events.map((event) => this.#recordOf(event));
    const [result] = await this.#store.append([{ stream, slice, expectedRevision, events: records }]);
    if (result?.ok !== true) throw new Error(`${stream} was changed by someone else`);
    this.events += events.length;
  }

  #recordOf(event: Event) {
    const meta = catalogue.events.encodeMeta(event.type, { actor: "simulation", correlation: "simulation" });
    return { id: this.#ids.uuid(), type: event.type, data: catalogue.events.encode(event), meta };
  }
}
