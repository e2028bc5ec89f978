import type {
  BulkAnswer,
  BulkLine,
  BusinessClock,
  CommandAnswer,
  ProblemDetails,
  ProgrammeAnswer,
  RouteRequest,
} from "@taem/client";
import {
  type AccountCommand,
  type AccountState,
  accountOf,
  balanceAt,
  type DecisionContext,
  decide,
  dueEvents,
  evolve,
  keyOf,
  newAccount,
  postingsOf,
} from "@taem/ledger/domain";
import type { AccountEvent } from "@taem/ledger/events";
import { businessNow, type Currency, evolveProgramme, type Programme } from "@taem/programme/definitions";
import type { CurrencySettings, DefinitionEvent, EarnRule } from "@taem/programme/events";
import type { Api } from "../../src/index.ts";
import { keyText } from "../../src/line.ts";

/** The ledger's own domain behind the client's interface, in memory: what the simulation's model is held against. */

interface Account {
  readonly member: string;
  readonly currency: Currency;
  readonly state: AccountState;
  /** Revisions by applied key. */
  readonly keys: Map<string, number>;
  /** By revision, from 1. */
  readonly events: AccountEvent[];
}

type Executed =
  | { readonly events: readonly AccountEvent[]; readonly replayed: boolean }
  | { readonly code: ProblemDetails["code"] };

type Command<O extends BulkLine["op"]> = Extract<BulkLine, { readonly op: O }>;

const PROGRAMME = "p-1";

export class DomainApi {
  #programme: Programme | undefined;
  readonly #members = new Set<string>();
  readonly #accounts = new Map<string, Account>();
  /** Which account has a key of programme scope. */
  readonly #keyOwners = new Map<string, Account>();
  /** Of applied keys, by account and key. */
  readonly #fingerprints = new Map<string, string>();
  #transfers = 0;

  /** The API as one principal sees it. */
  as(actor: string): Api {
    return {
      call: (route, request) => this.#call(route, request as never, actor) as never,
      bulk: (_, lines) => this.#answers(lines as Iterable<never>, actor),
    };
  }

  get events(): AccountEvent[] {
    return [...this.#accounts.values()].flatMap(({ events }) => events);
  }

  /** Lets time do its work on every account, then adds the postings of every event of a currency up by account. */
  trialBalance(currency: string): Map<string, bigint> {
    const balances = new Map<string, bigint>();
    for (const account of this.#accounts.values()) {
      if (account.currency.code !== currency) continue;
      const context = this.#context(account, "scheduler");
      this.#append(account, dueEvents(account.state, accountOf(context), context.now));
      for (const { account: name, amount } of account.events.flatMap(postingsOf)) {
        balances.set(name, (balances.get(name) ?? 0n) + amount);
      }
    }
    return new Map(
      [...balances].filter(([, balance]) => balance !== 0n).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  async #call(
    route: string,
    { params, body }: { params: Record<string, string>; body: never },
    actor: string,
  ): Promise<ProgrammeAnswer> {
    for (const event of definitionEvents(route, params, body, this.#programme, actor)) {
      this.#programme = evolveProgramme(this.#programme, event);
    }
    const [waiting] = this.#defined.proposals.open.keys();
    if (route.startsWith("PUT") && waiting !== undefined) return { proposal: String(waiting) } as never;
    const { clock, code, id, name, currencies, rules } = this.#defined;
    const newest = (versions: readonly unknown[]) => ({ version: versions.length, validFrom: "" });
    const mode: ProgrammeAnswer["began"] = {
      singleHanded: false,
      clock:
        clock.mode === "live" ? { mode: "live" } : { mode: "replay", at: new Date(clock.at).toISOString() },
    };
    return {
      ...{ programme: code, id, name, zone: "", sources: [], proposals: [], decided: [], ...mode },
      ...{ zones: { inForce: 1, versions: [] }, began: mode },
      currencies: [...currencies.values()].map(({ code: currency, scale, settings }) => ({
        currency,
        scale,
        ...newest(settings),
      })),
      rules: [...rules].map(([rule, versions]) => ({ rule, ...newest(versions) })),
    };
  }

  get #defined(): Programme {
    if (this.#programme === undefined) throw new Error("no programme is defined");
    return this.#programme;
  }

  async *#answers<L extends BulkLine>(lines: Iterable<L>, actor: string): AsyncGenerator<BulkAnswer<L>> {
    for (const line of lines) yield this.#answer(line, actor);
  }

  #answer<L extends BulkLine>(line: L, actor: string): BulkAnswer<L> {
    if (line.op === "enrol") {
      const isNew = !this.#members.has(line.externalId);
      this.#members.add(line.externalId);
      const result = { member: line.externalId, enrolledAt: "" };
      return { line, status: isNew ? 201 : 200, resent: false, result };
    }
    const account = this.#accountOf(line);
    const executed = this.#execute(account, line, actor);
    if ("code" in executed) {
      const problem = { code: executed.code, status: 409, detail: "", retryable: false };
      return { line, status: 409, resent: false, problem };
    }
    const status = executed.replayed ? 200 : 201;
    return { line, status, resent: false, result: this.#resultOf(account, executed, actor) };
  }

  #accountOf(line: Exclude<BulkLine, Command<"enrol">>): Account {
    if ("member" in line) return this.#account(memberOf(line.member), line.currency);
    const [member, no] = ("hold" in line ? line.hold : line.adjustment).split("-") as [string, string];
    const currency = [...this.#defined.currencies.values()].find((known) => known.no === Number(no));
    return this.#account(member, currency?.code as string);
  }

  #account(member: string, code: string): Account {
    if (!this.#members.has(member)) throw new Error(`${member} is not a member`);
    const id = `${member} ${code}`;
    const currency = this.#defined.currencies.get(code) as Currency;
    const account = this.#accounts.get(id) ?? {
      member,
      currency,
      state: newAccount(),
      keys: new Map(),
      events: [],
    };
    this.#accounts.set(id, account);
    return account;
  }

  #execute(account: Account, line: Exclude<BulkLine, Command<"enrol">>, actor: string): Executed {
    const { source, ...meant } = line;
    const key = keyText(source);
    const owner = this.#keyOwners.get(key);
    if (owner !== undefined && owner !== account) return { code: "key_reused" };
    const fingerprint = JSON.stringify(meant);
    const command = { ...commandOf(line, this.#nextTransfer), fingerprint } as AccountCommand;
    const executed = this.#decide(account, command, actor);
    if ("code" in executed) return executed;
    const applied = `${account.member} ${account.currency.code} ${key}`;
    if (executed.replayed) {
      return this.#fingerprints.get(applied) === fingerprint ? executed : { code: "key_reused" };
    }
    this.#fingerprints.set(applied, fingerprint);
    if (this.#defined.sources.get(source.system)?.scope === "programme") this.#keyOwners.set(key, account);
    this.#receive(account, executed.events, actor);
    return executed;
  }

  get #nextTransfer(): string {
    this.#transfers += 1;
    return `t-${this.#transfers}`;
  }

  /** The second leg of what was a transfer. */
  #receive(source: Account, events: readonly AccountEvent[], actor: string): void {
    const [out] = events;
    if (out?.type !== "TransferOut") return;
    const { transfer, effectiveAt, plan: lots } = out;
    const target = this.#account(out.to, out.currency);
    const leg = { type: "receive_transfer", transfer, from: source.member, lots, effectiveAt } as const;
    if ("code" in this.#decide(target, leg, actor)) throw new Error("a transfer was not received");
  }

  #decide(account: Account, command: AccountCommand, actor: string): Executed {
    const context = this.#context(account, actor);
    const applied = account.keys.get(keyText(keyOf(command)));
    if (applied !== undefined)
      return { events: [account.events[applied - 1] as AccountEvent], replayed: true };
    let decision = decide(command, account.state, context);
    if ("needs" in decision) {
      const origin = [account.events[decision.needs.revision - 1] as AccountEvent];
      decision = decide(command, account.state, { ...context, origin });
    }
    if ("refused" in decision) return { code: decision.refused.code };
    if (!("accepted" in decision)) throw new Error("the decision needs what it was given");
    this.#append(account, decision.accepted);
    return { events: decision.accepted.filter((event) => "key" in event), replayed: false };
  }

  #append({ state, keys, events }: Account, made: readonly AccountEvent[]): void {
    for (const event of made) {
      if ("part" in event) throw new Error("no effect of a simulation has 500 lots");
      evolve(state, event);
      events.push(event);
      if ("key" in event) keys.set(keyText(event.key), events.length);
    }
  }

  #context({ member, keys, currency: { code } }: Account, actor: string): DecisionContext {
    const programme = this.#defined;
    const currency = programme.currencies.get(code) as Currency;
    return {
      now: businessNow(programme, Date.now()),
      actor,
      programme,
      currency,
      member,
      keys: { revisionOf: (key) => keys.get(keyText(key)) },
    };
  }

  #resultOf(account: Account, executed: Extract<Executed, { readonly replayed: boolean }>, actor: string) {
    const { member, currency, state } = account;
    const context = this.#context(account, actor);
    const balance = balanceAt(state, accountOf(context), context.now);
    const [event] = executed.events as [AccountEvent];
    const id = `${member}-${currency.no}-`;
    return {
      member,
      currency: currency.code,
      replayed: executed.replayed,
      effect: {
        kind: event.type,
        points: String(pointsOf(event)),
        effectiveAt: "",
        ...("hold" in event ? { hold: { id: id + event.hold } } : {}),
        ...("adjustment" in event && event.adjustment !== undefined
          ? { adjustment: { id: id + event.adjustment } }
          : {}),
      },
      balance: Object.fromEntries(Object.entries(balance).map(([part, amount]) => [part, String(amount)])),
      token: "",
    } as unknown as CommandAnswer;
  }
}

function memberOf(ref: string): string {
  return ref.slice("ext:".length);
}

function pointsOf(event: AccountEvent): bigint {
  if ("amount" in event) return event.amount;
  if ("lot" in event) return event.lot.amount;
  return "released" in event ? event.released.reduce((sum, { amount }) => sum + amount, 0n) : 0n;
}

/** An account command without its fingerprint. */
function commandOf(line: Exclude<BulkLine, Command<"enrol">>, transfer: string): object {
  const { op: type, source, ...body } = line as BulkLine & Record<string, unknown>;
  const occurredAt = Date.parse(line.occurredAt as string);
  const key = { leg: "main", ...line.source };
  const points = "points" in line && line.points !== undefined ? { points: BigInt(line.points) } : {};
  const keyed = { ...body, type, key, occurredAt, ...points };
  const ordinal = (id: string) => Number(id.split("-").at(-1));
  switch (line.op) {
    case "earn": {
      if (line.spend === undefined) throw new Error("the simulation earns by spend");
      const { amount, currency: money, rule } = line.spend;
      return { ...keyed, by: { spend: BigInt(amount), money, rule }, reason: "purchase" };
    }
    case "reverse":
      return {
        ...keyed,
        by:
          line.spend !== undefined
            ? refundOf(line.spend)
            : line.points !== undefined
              ? points
              : { all: true },
      };
    case "transfer":
      return { ...keyed, to: memberOf(line.to), transfer };
    case "capture":
    case "void":
      return { ...keyed, hold: ordinal(line.hold) };
    case "approve":
    case "reject":
    case "withdraw":
      return { ...keyed, adjustment: ordinal(line.adjustment) };
    default:
      return keyed;
  }
}

function refundOf({ amount, rule }: NonNullable<Command<"reverse">["spend"]>) {
  return { spend: BigInt(amount), ...(rule === undefined ? {} : { rule }) };
}

function definitionEvents(
  route: string,
  params: Record<string, string>,
  body: never,
  known: Programme | undefined,
  actor: string,
): DefinitionEvent[] {
  const programme = PROGRAMME;
  const version = { version: 1, validFrom: 0 };
  switch (route) {
    case "PUT /v1/programmes/{programme}": {
      if (known !== undefined) return [];
      const { name, zone, clock }: RouteRequest<typeof route>["body"] = body;
      const code = params["programme"] as string;
      const at = Date.parse((clock as { at: string }).at);
      return [
        { type: "ProgrammeDefined", programme, code, name, zone, validFrom: 0 },
        { type: "ClockSet", programme, mode: "replay", at },
      ];
    }
    case "PUT /v1/programmes/{programme}/clock": {
      const clock = body as BusinessClock;
      const at = clock.mode === "replay" ? { at: Date.parse(clock.at) } : {};
      return [{ type: "ClockSet", programme, mode: clock.mode, ...at }];
    }
    case "PUT /v1/programmes/{programme}/currencies/{currency}": {
      const code = params["currency"] as string;
      const { scale = 0, adjustmentLimit = "0", ...rest }: RouteRequest<typeof route>["body"] = body;
      const settings = { ...rest, adjustmentLimit: BigInt(adjustmentLimit) } as unknown as CurrencySettings;
      if (known?.currencies.has(code)) {
        const proposed = { proposal: 1, requestedBy: actor, proposedAt: 0, version: 2 };
        const validFrom = Date.parse(body["validFrom"]);
        return [
          { type: "CurrencySettingsProposed", programme, ...proposed, currency: code, settings, validFrom },
        ];
      }
      return [
        { type: "CurrencyDefined", programme, code, no: (known?.currencies.size ?? 0) + 1, scale },
        { type: "CurrencySettingsPublished", programme, currency: code, ...version, settings },
      ];
    }
    case "POST /v1/programmes/{programme}/proposals/{id}/approve": {
      const waiting = known?.proposals.open.get(Number(params["id"]));
      if (waiting?.change.kind !== "currency_settings" || waiting.requestedBy === actor) {
        throw new Error("there is no such change, or it is the supervisor's own");
      }
      const { currency, settings, validFrom = 0 } = waiting.change;
      const by = { proposal: waiting.no, requestedBy: waiting.requestedBy, approvedBy: actor };
      return [
        { type: "CurrencySettingsPublished", programme, currency, version: 2, validFrom, settings, ...by },
      ];
    }
    case "PUT /v1/programmes/{programme}/rules/{rule}": {
      const rule = params["rule"] as string;
      if (known?.rules.has(rule)) return [];
      const amounts = ["per", "points", "minimumSpend", "maxPerOrder", "maxPerDay"];
      const decoded = Object.entries(body as Record<string, unknown>).map(([field, value]) => [
        field,
        amounts.includes(field) ? BigInt(value as string) : value,
      ]);
      const definition = Object.fromEntries(decoded) as EarnRule;
      return [{ type: "EarnRulePublished", programme, rule, ...version, definition }];
    }
    case "PUT /v1/programmes/{programme}/sources/{system}": {
      const { keys }: RouteRequest<typeof route>["body"] = body;
      const system = params["system"] as string;
      return [{ type: "SourceDeclared", programme, system, scope: keys, declaredBy: "definition" }];
    }
    default:
      return [];
  }
}
