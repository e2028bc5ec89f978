import { type Call, type ModelAccount, returned, view } from "../model.ts";
import type { Oracle } from "../model-commands.ts";
import { keyNamed, type Request } from "./account.ts";
import type { Operation, Pick } from "./operations.ts";

/** One operation as a request to the domain, and what the model answers to the same. */

export interface Posed {
  readonly request: Request;
  readonly expected: string | undefined;
}

export interface Target {
  readonly oracle: Oracle;
  readonly model: ModelAccount;
  /** Keys applied to the account, oldest first. */
  readonly keys: readonly string[];
}

type Of<T extends Operation["op"]> = Extract<Operation, { op: T }>;
export type CommandOperation = Exclude<Operation, Of<"wait" | "sweep" | "repeat" | "transfer" | "carry">>;

export function resolve(pick: Pick, whole: bigint): bigint {
  if (pick === "huge") return 10n ** 15n + 1n;
  if (pick === "one over") return whole + 1n;
  const wanted = pick === "all" ? whole : pick === "half" ? whole / 2n : pick;
  return wanted > 0n ? wanted : 1n;
}

/** The choice that asks for something that does not exist. */
const FAR = 8;

/** Where there is nothing to end or to approve, something is begun instead: else most runs would only be refused. */
export function sensible(operation: CommandOperation, { model }: Target): CommandOperation {
  const { who, shift, op } = operation;
  if (!("which" in operation) || operation.which === FAR) return operation;
  if ((op === "capture" || op === "void") && model.holds.length === 0) {
    return { who, shift, op: "hold", points: "half" };
  }
  if ((op === "approve" || op === "reject" || op === "withdraw") && model.waiting.length === 0) {
    const direction = (["credit", "debit", "write_off"] as const)[operation.which % 3] ?? "credit";
    return { who, shift, op: "adjust", direction, points: "all", actor: "ann (1)" };
  }
  return operation;
}

/** One of the numbers 1 to `ever`, those still open first; at the end of the line a number never given. */
function oneOf(open: readonly { readonly no: number }[], ever: number, which: number): number {
  const numbers = open.map(({ no }) => no);
  for (let no = ever; no > 0; no--) if (!numbers.includes(no)) numbers.push(no);
  numbers.push(ever + 1);
  return numbers[which === FAR ? ever : Math.min(which, Math.max(0, ever - 1))] as number;
}

export function pose(operation: CommandOperation, target: Target, call: Call): Posed {
  switch (operation.op) {
    case "earn":
      return poseEarn(operation, target, call);
    case "spend": {
      const spend = resolve(operation.spend, 1_000n);
      return {
        request: { type: "earn", by: { spend, money: "THB", rule: "spend" }, reason: "sale" },
        expected: target.oracle.spend(target.model, call, spend),
      };
    }
    case "burn": {
      const points = resolve(operation.points, view(target.model, call.now).available);
      return {
        request: { type: "burn", points, redemption: "reward" },
        expected: target.oracle.burn(target.model, call, points),
      };
    }
    case "hold":
      return poseHold(operation, target, call);
    case "capture":
      return poseCapture(operation, target, call);
    case "void": {
      const hold = oneOf(target.model.holds, target.model.holdsEver, operation.which);
      return { request: { type: "void", hold }, expected: target.oracle.voidHold(target.model, call, hold) };
    }
    case "reverse":
      return poseReverse(operation, target, call);
    case "return":
      return poseReturn(operation, target, call);
    case "adjust":
      return poseAdjust(operation, target, call);
    case "approve":
    case "reject":
    case "withdraw": {
      const { op: type } = operation;
      const adjustment = oneOf(target.model.waiting, target.model.adjustmentsEver, operation.which);
      const expected = target.oracle[type](target.model, call, adjustment);
      return { request: { type, adjustment }, expected };
    }
  }
}

function poseEarn({ points: pick, life }: Of<"earn">, { oracle, model }: Target, call: Call): Posed {
  const points = resolve(pick, 100n);
  const expiresAt = typeof life === "number" ? call.occurredAt + life : life;
  const request: Request = { type: "earn", by: { points }, reason: "sale" };
  return {
    request: expiresAt === undefined ? request : { ...request, expiresAt },
    expected: oracle.earn(model, call, points, life),
  };
}

function poseHold({ points: pick, seconds }: Of<"hold">, { oracle, model }: Target, call: Call): Posed {
  const points = resolve(pick, view(model, call.now).available);
  const request: Request = { type: "hold", points, redemption: "reward" };
  return {
    request: seconds === undefined ? request : { ...request, timeoutSeconds: seconds },
    expected: oracle.hold(model, call, points, seconds),
  };
}

function poseCapture(operation: Of<"capture">, { oracle, model }: Target, call: Call): Posed {
  const hold = oneOf(model.holds, model.holdsEver, operation.which);
  if (operation.points === undefined) {
    return { request: { type: "capture", hold }, expected: oracle.capture(model, call, hold) };
  }
  const parts = model.holds.find((one) => one.no === hold)?.parts ?? [];
  const whole = parts.reduce((sum, part) => sum + part.amount, 0n);
  const points = operation.points === 0n ? 0n : resolve(operation.points, whole);
  return {
    request: { type: "capture", hold, points },
    expected: oracle.capture(model, call, hold, points),
  };
}

function poseReverse(operation: Of<"reverse">, { oracle, model, keys }: Target, call: Call): Posed {
  const origin = originOf(operation.which, model, keys);
  const by = reversedBy(operation.by, origin, model);
  return {
    request: { type: "reverse", origin: keyNamed(origin), by, reason: "return" },
    expected: oracle.reverse(model, call, origin, by),
  };
}

/** Mostly the key of an earn or a burn, newest first; now and then of anything, or of nothing. */
function originOf(which: number, model: ModelAccount, keys: readonly string[]): string {
  const earns = keys.filter((key) => model.applied.get(key)?.earn !== undefined);
  const burns = keys.filter((key) => model.applied.get(key)?.redemption !== undefined);
  if (which === FAR) return "never-seen";
  const origins = which === 3 ? keys : which % 2 === 1 && burns.length > 0 ? burns : earns;
  return origins[Math.max(0, origins.length - 1 - Math.floor(which / 2))] ?? "never-seen";
}

function reversedBy(by: Of<"reverse">["by"], origin: string, model: ModelAccount) {
  const { earn, redemption } = model.applied.get(origin) ?? {};
  const lot = earn === undefined ? undefined : model.lots[earn - 1];
  if ("spend" in by) {
    const left = lot === undefined ? 0n : (lot.spend ?? 0n) - returned(lot, "refunded");
    return { spend: resolve(by.spend, left) };
  }
  if ("all" in by) return by;
  const left =
    lot === undefined
      ? (redemption?.takes ?? []).reduce((sum, take) => sum + take.amount - take.back, 0n)
      : lot.amount - returned(lot, "amount");
  return { points: resolve(by.points, left) };
}

function poseReturn({ points: pick }: Of<"return">, { oracle, model }: Target, call: Call): Posed {
  const left = model.lots
    .filter((lot) => lot.earned)
    .reduce((sum, lot) => sum + lot.amount - returned(lot, "amount"), 0n);
  const points = resolve(pick, left);
  return {
    request: { type: "reverse", by: { points }, reason: "return" },
    expected: oracle.returnWithoutSale(model, call, points),
  };
}

function poseAdjust(operation: Of<"adjust">, { oracle, model }: Target, call: Call): Posed {
  const { direction } = operation;
  const { available, debt } = view(model, call.now);
  const points = resolve(operation.points, { credit: 50n, debit: available, write_off: debt }[direction]);
  return {
    request: { type: "adjust", direction, points, reason: "goodwill" },
    expected: oracle.adjust(model, call, direction, points),
  };
}
