import { callerOf } from "@taem/host";
import {
  ApiError,
  type AuthenticatedContext,
  bulkRoute,
  fields,
  type LineAnswer,
  type MemberRef,
  type Route,
  requirePermission,
} from "@taem/http";
import { type MemberAnswer, memberBody } from "@taem/member/api";
import type { z } from "zod";
import type { CommandService, Request, Target } from "../application/command-service.ts";
import { LineSequencer } from "../application/line-sequencer.ts";
import type { AccountRef } from "../application/wish.ts";
import type { CommandAnswer } from "./command-answer.ts";
import { bulk } from "./commands.ts";
import type { OperationBody, OperationName } from "./operation-bodies.ts";

type Line = z.output<typeof bulk.line>;
type Command = Exclude<Line, { readonly op: "enrol" }>;
type Answered = LineAnswer<CommandAnswer | MemberAnswer>;

export function bulkRoutes(service: CommandService): Route[] {
  return [
    bulkRoute({
      ...bulk,
      open: ({ params }) => {
        const request = new BulkRequest(service, params.programme);
        return (line, context) => request.answer(line, context);
      },
    }),
  ];
}

/** The lines of one request, each in its place. */
class BulkRequest {
  readonly #service: CommandService;
  readonly #programme: string;
  readonly #sequencer = new LineSequencer();
  readonly #heldBack = new Set<string>();
  /** Under way, begun by the first line. */
  #refreshing: Promise<void> | undefined;
  #isFresh = false;

  constructor(service: CommandService, programme: string) {
    this.#service = service;
    this.#programme = programme;
  }

  async answer(line: Line, context: AuthenticatedContext): Promise<Answered> {
    return line.op === "enrol"
      ? await this.#enrol(line.externalId, context)
      : await this.#command(line, context);
  }

  async #enrol(externalId: string, context: AuthenticatedContext): Promise<Answered> {
    requirePermission(context.principal, ["earn", "opening", "adjust"]);
    const enrolment = this.#service.enrol(this.#programme, { externalId }, callerOf(context));
    const { member, isNew } = await this.#sequencer.enrol(fields.canonicalName(externalId), enrolment);
    return { status: isNew ? 201 : 200, body: memberBody(member) };
  }

  #command(line: Command, context: AuthenticatedContext): Promise<Answered> {
    const { op, member, hold, adjustment, ...body } = line as Command & {
      readonly member?: MemberRef;
      readonly hold?: string;
      readonly adjustment?: string;
    };
    const target: Target = member === undefined ? { ordinal: (hold ?? adjustment) as string } : { member };
    const request = {
      name: op,
      programme: this.#programme,
      target,
      body: body as OperationBody[OperationName],
      idempotencyKey: undefined,
      principal: context.principal,
    } as Request<OperationName>;
    if (request.body.source === undefined) throw new ApiError("key_required");
    const currency = "currency" in request.body ? request.body.currency : undefined;
    const accounts =
      this.#knownAccounts(request, currency) ??
      this.#refresh().then(() => this.#accounts(target, request, currency));
    return this.#sequencer.run(accounts, idsOf, ([account], placed) => {
      // A transfer takes two appends: what follows on either account waits for its end.
      const heldBack = this.#heldBack;
      const caller = { ...callerOf(context), heldBack, ...(op === "transfer" ? {} : { placed }) };
      return this.#service.runOn(account as AccountRef, request, caller);
    });
  }

  /**
   * Reads the definitions once a request: a line whose key turned out to be of programme scope only when it was decided would
   * slip behind the later lines of its account.
   */
  #refresh(): Promise<void> {
    if (this.#isFresh) return Promise.resolve();
    this.#refreshing ??= this.#service.programmes
      .newest(this.#programme)
      .then(() => {
        this.#isFresh = true;
      })
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  /** As `#accounts`, where nothing has to be looked up. */
  #knownAccounts(
    { name, target, body }: Request<OperationName>,
    currency: string | undefined,
  ): AccountRef[] | undefined {
    if (!this.#isFresh) return undefined;
    const account = this.#service.knownAccount(this.#programme, target, currency);
    if (account === undefined || name !== "transfer") return account && [account];
    const to = this.#service.members.known(account.programme.id, (body as OperationBody["transfer"]).to);
    return to && [account, { ...account, member: to }];
  }

  /** The account, and the target's of a transfer. */
  async #accounts(
    target: Target,
    request: Request<OperationName>,
    currency: string | undefined,
  ): Promise<AccountRef[]> {
    await this.#enrolmentsOf(target, request);
    const account = await this.#service.account(this.#programme, target, currency);
    if (request.name !== "transfer") return [account];
    const { to } = request.body as OperationBody["transfer"];
    return [account, { ...account, member: await this.#service.members.resolve(account.programme.id, to) }];
  }

  async #enrolmentsOf(target: Target, request: Request<OperationName>): Promise<void> {
    const refs = [
      "member" in target ? target.member : undefined,
      request.name === "transfer" ? (request.body as OperationBody["transfer"]).to : undefined,
    ];
    for (const ref of refs) {
      if (ref !== undefined && "externalId" in ref) {
        await this.#sequencer.enrolled(fields.canonicalName(ref.externalId));
      }
    }
  }
}

function idsOf(accounts: readonly AccountRef[]): string[] {
  return accounts.map(({ member, currency }) => `${member.id} ${currency.no}`);
}
