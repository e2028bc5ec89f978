import type { BusinessKey } from "@taem/kernel";
import { DEFAULTS } from "../api/defaults.ts";
import type { OperationBody, OperationName } from "../api/operation-bodies.ts";
import type { AccountCommand } from "../domain/index.ts";

/** What a body leaves to the route: whose account, which hold or adjustment, whom a transfer goes to. */
export interface Subject {
  /** Ordinal of the hold or adjustment, for the operations that name one. */
  readonly ordinal?: number;
  /** The resolved target and the fresh id of a transfer. */
  readonly transfer?: { readonly id: string; readonly to: string };
}

export interface Keyed {
  readonly key: BusinessKey;
  readonly fingerprint: string;
  readonly occurredAt: number;
}

type Builder<N extends OperationName> = (
  body: OperationBody[N],
  keyed: Keyed,
  subject: Subject,
) => AccountCommand;

const builders: { readonly [N in OperationName]: Builder<N> } = {
  earn: ({ points, spend, expiresAt, reason = DEFAULTS.earn.reason }, keyed) => ({
    type: "earn",
    ...keyed,
    by:
      spend === undefined
        ? { points: points as bigint }
        : { spend: spend.amount, money: spend.currency, rule: spend.rule },
    ...(expiresAt === undefined ? {} : { expiresAt }),
    reason,
  }),
  burn: ({ points, redemption = DEFAULTS.burn.redemption }, keyed) => ({
    type: "burn",
    ...keyed,
    points,
    redemption,
  }),
  hold: ({ points, redemption = DEFAULTS.hold.redemption, timeoutSeconds }, keyed) => ({
    type: "hold",
    ...keyed,
    points,
    redemption,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  }),
  capture: ({ points }, keyed, { ordinal }) => ({
    type: "capture",
    ...keyed,
    hold: ordinal as number,
    ...(points === undefined ? {} : { points }),
  }),
  void: (_, keyed, { ordinal }) => ({ type: "void", ...keyed, hold: ordinal as number }),
  transfer: ({ points }, keyed, { transfer }) => {
    const { id, to } = transfer as NonNullable<Subject["transfer"]>;
    return { type: "transfer", ...keyed, points, to, transfer: id };
  },
  reverse: ({ origin, points, spend, reason = DEFAULTS.reverse.reason }, keyed) => ({
    type: "reverse",
    ...keyed,
    ...(origin === undefined ? {} : { origin }),
    by:
      points !== undefined
        ? { points }
        : spend !== undefined
          ? { spend: spend.amount, ...(spend.rule === undefined ? {} : { rule: spend.rule }) }
          : { all: true },
    reason,
  }),
  adjust: ({ direction, points, reason }, keyed) => ({ type: "adjust", ...keyed, direction, points, reason }),
  approve: (_, keyed, { ordinal }) => ({ type: "approve", ...keyed, adjustment: ordinal as number }),
  reject: (_, keyed, { ordinal }) => ({ type: "reject", ...keyed, adjustment: ordinal as number }),
  withdraw: (_, keyed, { ordinal }) => ({ type: "withdraw", ...keyed, adjustment: ordinal as number }),
};

export function buildCommand<N extends OperationName>(
  name: N,
  body: OperationBody[N],
  keyed: Keyed,
  subject: Subject,
): AccountCommand {
  return builders[name](body, keyed, subject);
}
