import type { Caller, WriteTools } from "@taem/host";
import { ApiError, type MemberRef, type Principal, requirePermission, type Tokens } from "@taem/http";
import { type BusinessKey, partsOf } from "@taem/kernel";
import { businessNow, type Currency, isOfClient, type Programme } from "@taem/programme/definitions";
import type { CommandAnswer } from "../api/command-answer.ts";
import { type OperationBody, type OperationName, permissionsOf } from "../api/operation-bodies.ts";
import type { Activity } from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";
import { LedgerError } from "../problems.ts";
import { Accounts } from "./accounts.ts";
import type { ActivityOn } from "./client-days.ts";
import type { KnownMember, MemberDirectory, ProgrammeDirectory } from "./directory.ts";
import { answerOf } from "./effect.ts";
import { Meaning, type Sent } from "./meaning.ts";
import { buildCommand, type Subject } from "./operations.ts";
import { type Done, doneOn, Transfers, type Written } from "./transfers.ts";
import type { AccountRef, CommandCaller, Wish } from "./wish.ts";

/** Whom an operation is about, as the route or line names it. */
export type Target =
  | { readonly member: MemberRef }
  /** Id of a hold or an adjustment. */
  | { readonly ordinal: string };

export interface Request<N extends OperationName> {
  readonly name: N;
  readonly programme: string;
  readonly target: Target;
  readonly body: OperationBody[N];
  /** The command's external id where the body names no source. */
  readonly idempotencyKey: string | undefined;
  readonly principal: Principal;
}

/** An account by our ids, as events name it. */
export interface AccountName {
  readonly programme: string;
  readonly member: string;
  readonly currency: string;
}

export interface Reply<N extends OperationName = OperationName> {
  /** 202: what was asked for waits for a second principal. */
  readonly status: N extends "adjust" ? 200 | 201 | 202 : 200 | 201;
  readonly body: CommandAnswer;
}

/** What commands ask of other contexts. */
export interface CommandPorts {
  readonly programmes: ProgrammeDirectory;
  readonly members: MemberDirectory;
  readonly enrolments: Enroller;
  /** Throws `approver_must_differ` where one person may be both. */
  readonly requireSecond: (requestedBy: string, approver: string) => Promise<void>;
  readonly activityOn: ActivityOn;
}

/** Makes members: the one thing that a bulk request does beside commands on accounts. */
export interface Enroller {
  enrol(
    programme: string,
    enrolment: { readonly externalId: string },
    enrolledAt: number,
    caller: Caller,
  ): Promise<{ readonly member: KnownMember; readonly isNew: boolean }>;
}

export type CommandTools = WriteTools & { readonly tokens: Tokens };

/** From a validated request to its answer. */
export class CommandService {
  readonly programmes: ProgrammeDirectory;
  readonly members: MemberDirectory;
  readonly accounts: Accounts;
  readonly transfers: Transfers;
  readonly #tools: CommandTools;
  readonly #ports: CommandPorts;

  constructor(tools: CommandTools, ports: CommandPorts) {
    this.#tools = tools;
    this.#ports = ports;
    this.programmes = ports.programmes;
    this.members = ports.members;
    const learn = (programme: Programme): void => this.programmes.learn(programme);
    this.accounts = new Accounts(tools, { learn, activityOn: ports.activityOn });
    this.transfers = new Transfers(this.accounts, (programme, id) => this.members.resolve(programme, { id }));
  }

  /** Enrols a member on the programme's business clock. */
  async enrol(programmeCode: string, enrolment: { readonly externalId: string }, caller: Caller) {
    const programme = await this.programmes.get(programmeCode);
    const now = businessNow(programme, this.#tools.clock.now());
    return await this.#ports.enrolments.enrol(programme.id, enrolment, now, caller);
  }

  async run<N extends OperationName>(request: Request<N>, caller: CommandCaller): Promise<Reply<N>> {
    const { programme, target, body } = request;
    const account =
      this.knownAccount(programme, target, currencyOf(body)) ??
      (await this.account(programme, target, currencyOf(body)));
    return this.runOn(account, request, caller);
  }

  /** As `run`, on an account that is known already. */
  async runOn<N extends OperationName>(
    account: AccountRef,
    request: Request<N>,
    caller: CommandCaller,
  ): Promise<Reply<N>> {
    authorize(request);
    const guard =
      request.name === "approve" ? await this.#secondOf(account, request.target, caller) : undefined;
    const { outcome, written } = await this.#attempt(account, request, caller, guard);
    if ("refused" in outcome) {
      if (outcome.refused.code === "origin_unknown") await this.#requireOwnOrigin(account, request.body);
      const extensions = written.length === 0 ? {} : { token: await this.#tokenOf(account, written) };
      throw new LedgerError(outcome.refused.code, { detail: outcome.refused.detail, extensions });
    }
    const body = answerOf(account, outcome, await this.#tokenOf(account, written));
    const waits = body.effect.kind === "adjustment_requested";
    const status = waits ? 202 : outcome.replayed ? 200 : 201;
    return { status: status as Reply<N>["status"], body };
  }

  /** Refuses with `origin_of_another_account` what no waiting for the sale will help. */
  async #requireOwnOrigin(account: AccountRef, body: object): Promise<void> {
    const { origin } = body as Partial<OperationBody["reverse"]>;
    if (origin === undefined || !(await this.accounts.isOfAnother(account, origin))) return;
    const detail = "the command under that key was done on another account";
    throw new LedgerError("origin_of_another_account", { detail });
  }

  /**
   * Refuses whoever may be the one that asked for the adjustment. What is asked for between this look and the decision was not
   * there for the approval.
   */
  async #secondOf(account: AccountRef, target: Target, caller: Caller): Promise<Wish["guard"]> {
    if (!("ordinal" in target)) return undefined;
    const { no } = parseOrdinal(target.ordinal);
    const requester = await this.accounts.requesterOf(account, no, caller);
    if (requester !== undefined) await this.#ports.requireSecond(requester, caller.actor);
    return (state) => {
      const asked = state.pending.get(no);
      if (asked === undefined || asked.requestedBy === requester) return undefined;
      return { code: "adjustment_unknown", detail: "no adjustment of that number was asked for" };
    };
  }

  /** A replay was written at some time: by the head of the log, if not before. */
  async #tokenOf({ programme }: AccountRef, written: readonly Written[]): Promise<string> {
    const { store, tokens } = this.#tools;
    const isReplay = written.some(({ position }) => position === undefined);
    const head = isReplay ? await store.head() : "";
    const places = written.map(({ slice, position = head }) => ({ slice, position }));
    return tokens.seal(programme.id, places);
  }

  /** The account that a target names, where all of it was looked up before; undefined says nothing. */
  knownAccount(
    programmeCode: string,
    target: Target,
    currencyCode: string | undefined,
  ): AccountRef | undefined {
    if (!("member" in target) || currencyCode === undefined) return undefined;
    const programme = this.programmes.known(programmeCode);
    const currency = programme?.currencies.get(currencyCode);
    if (programme === undefined || currency === undefined) return undefined;
    const member = this.members.known(programme.id, target.member);
    return member && { programme, currency, member };
  }

  /** The account that a target names. Refuses with the code of what is unknown. */
  async account(
    programmeCode: string,
    target: Target,
    currencyCode: string | undefined,
  ): Promise<AccountRef> {
    const programme = await this.programmes.named(programmeCode);
    const ordinal = "ordinal" in target ? parseOrdinal(target.ordinal) : undefined;
    const member = await this.members.resolve(
      programme.id,
      "ordinal" in target ? { id: (ordinal as Ordinal).member } : target.member,
    );
    const matches = (currency: Currency) =>
      ordinal === undefined ? currency.code === currencyCode : currency.no === ordinal.currency;
    return { ...(await this.#currencyOf(programme, matches)), member };
  }

  /** Refuses with `currency_unknown` what the programme has not even now. */
  async #currencyOf(
    programme: Programme,
    matches: (currency: Currency) => boolean,
  ): Promise<Pick<AccountRef, "programme" | "currency">> {
    const known = findCurrency(programme, matches);
    if (known !== undefined) return { programme, currency: known };
    const newer = await this.programmes.lookAgain(programme);
    const currency = findCurrency(newer, matches);
    if (currency === undefined) throw new LedgerError("currency_unknown");
    return { programme: newer, currency };
  }

  async #attempt<N extends OperationName>(
    account: AccountRef,
    request: Request<N>,
    caller: CommandCaller,
    guard: Wish["guard"],
  ): Promise<Done> {
    if (request.name === "transfer") return this.#attemptTransfer(account, request, caller);
    const wish = { ...this.#wishOf(account, request, {}), guard };
    return doneOn(account, await this.accounts.execute(account, wish, caller));
  }

  async #attemptTransfer<N extends OperationName>(
    account: AccountRef,
    request: Request<N>,
    caller: CommandCaller,
  ): Promise<Done> {
    const { to } = request.body as OperationBody["transfer"];
    const target = await this.members.resolve(account.programme.id, to);
    const subject = { transfer: { id: this.#tools.newId(), to: target.id } };
    return this.transfers.transfer(account, this.#wishOf(account, request, subject), caller);
  }

  #wishOf<N extends OperationName>(account: AccountRef, request: Request<N>, subject: Subject): Wish {
    const { name, body, target, principal } = request;
    const key = keyOf(request);
    const again = new Meaning(name, account, sentBy(request, subject));
    const ordinal = "ordinal" in target ? { ordinal: parseOrdinal(target.ordinal).no } : {};
    const under = (programme: Programme) => {
      requireSystem(principal, programme, key.system);
      const occurredAt = body.occurredAt ?? businessNow(programme, this.#tools.clock.now());
      const keyed = { key, fingerprint: again.fingerprint, occurredAt };
      return buildCommand(name, body, keyed, { ...ordinal, ...subject });
    };
    return { key, under, again, countsAs: COUNTS_AS[name] };
  }

  /** What time it is for a programme, by our id. */
  async now(programmeId: string): Promise<number> {
    return businessNow(await this.programmes.byId(programmeId), this.#tools.clock.now());
  }

  /** Records what time has done to an account by now. */
  async sweep({ programme, member, currency }: AccountName, caller: Caller): Promise<void> {
    await this.accounts.sweep(await this.#accountNamed(programme, member, currency), caller);
  }

  /**
   * Brings a transfer to its end that somebody may have left half done, from its first event's revision. Idempotent. What is
   * in the way of its end, undefined where it has one.
   */
  async completeTransfer(
    { programme, member, currency, revision }: AccountName & { readonly revision: number },
    caller: Caller,
  ): Promise<string | undefined> {
    const account = await this.#accountNamed(programme, member, currency);
    const [first] = await this.accounts.applied(account, revision, 1);
    const legs = await this.accounts.applied(account, revision, partsOf(first));
    const { isOver, outcome } = await this.transfers.complete(
      account,
      legs as AccountEvent<"TransferOut">[],
      caller,
    );
    if (isOver || !("refused" in outcome)) return undefined;
    const { code, detail } = outcome.refused;
    return `${code}: ${detail}`;
  }

  /** The account that an event names by our ids. */
  async #accountNamed(programmeId: string, memberId: string, currencyCode: string): Promise<AccountRef> {
    const programme = await this.programmes.byId(programmeId);
    const member = await this.members.resolve(programmeId, { id: memberId });
    return { ...(await this.#currencyOf(programme, ({ code }) => code === currencyCode)), member };
  }
}

/** What operations count as in their client's day. */
const COUNTS_AS: { readonly [N in OperationName]?: keyof Activity } = { earn: "earned", adjust: "adjusted" };

function authorize<N extends OperationName>({ name, body, principal }: Request<N>): void {
  requirePermission(principal, permissionsOf[name]);
  if (
    name === "earn" &&
    (body as OperationBody["earn"]).expiresAt !== undefined &&
    !principal.permissions.includes("opening")
  ) {
    throw new ApiError("forbidden", { detail: "an expiry of one's own needs the permission opening" });
  }
}

function currencyOf(body: OperationBody[OperationName]): string | undefined {
  return "currency" in body ? body.currency : undefined;
}

function keyOf<N extends OperationName>({ body, idempotencyKey, principal }: Request<N>): BusinessKey {
  if (body.source !== undefined) return body.source;
  if (idempotencyKey === undefined) throw new ApiError("key_required");
  return { system: systemOf(principal), id: idempotencyKey, leg: "main" };
}

/** The source system of commands that name none: the caller's own, whichever of its API keys or sessions they come with. */
function systemOf({ id }: Principal): string {
  return `api-${id}`;
}

/** Throws `forbidden` for a source system that the client may not name: its keys are another's. */
function requireSystem(principal: Principal, { sources }: Programme, system: string): void {
  if (system === systemOf(principal)) return;
  const { systems } = principal;
  const mayName = isOfClient(system)
    ? false
    : systems === null
      ? sources.get(system)?.scope !== "programme"
      : systems.includes(ANY_SYSTEM) || systems.includes(system);
  if (mayName) return;
  const detail = `source.system: the client may not name ${system}; an operator gives it systems by \`taem client change\``;
  throw new ApiError("forbidden", { detail });
}

const ANY_SYSTEM = "*";

/** The body without its key, the target resolved, a defaulted time left out. */
function sentBy<N extends OperationName>({ body, target }: Request<N>, { transfer }: Subject): Sent {
  const { source: _, origin, ...fields } = body as OperationBody[N] & Partial<OperationBody["reverse"]>;
  const named = "ordinal" in target ? { ordinal: target.ordinal } : {};
  const to = transfer === undefined ? {} : { to: transfer.to };
  return { fields: { ...(fields as unknown as Sent["fields"]), ...named, ...to }, origin };
}

interface Ordinal {
  readonly member: string;
  readonly currency: number;
  readonly no: number;
}

/** Takes the id of a hold or an adjustment apart; its form has been validated. */
function parseOrdinal(id: string): Ordinal {
  const [currency, no] = id.slice(37).split("-").map(Number) as [number, number];
  return { member: id.slice(0, 36), currency, no };
}

function findCurrency(programme: Programme, matches: (currency: Currency) => boolean): Currency | undefined {
  return [...programme.currencies.values()].find(matches);
}
