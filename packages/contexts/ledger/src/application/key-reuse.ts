import { fields } from "@taem/http";
import { endOf } from "@taem/kernel";
import { type AccountCommand, operationOf } from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";

/** Why a key that was used before does not stand for this command: what it says against what the ledger recorded. */

/** Fields by name, as a caller writes them; undefined = it has none. */
type Said = Readonly<Record<string, string | undefined>>;

/** Shown is that they differ, not what they are. */
const PERSONAL = new Set(["to"]);

/**
 * Names the first field that differs, with both values where they are no personal data, and the first command's
 * business time. `first` are the events of the command that has the key.
 */
export function differenceOf(
  command: AccountCommand,
  first: readonly AccountEvent[],
  gaveTime: boolean,
): string {
  const [event] = first;
  if (event === undefined) return "the first command cannot be read";
  const when = fields.formatInstant(event.occurredAt);
  const of = `the first command under this key is of ${when}`;
  const [was, is] = [operationOf(event), command.type];
  if (was !== is) return `it was ${was} at first, and is ${is} now; ${of}`;
  const [recorded, said] = [recordedBy(first), saidBy(command)];
  for (const [field, now] of Object.entries(said)) {
    if (!(field in recorded) || recorded[field] === now) continue;
    if (PERSONAL.has(field)) return `${field} is not what it was at first; ${of}`;
    return `${field} was ${recorded[field] ?? "left out"} at first, and is ${now ?? "left out"} now; ${of}`;
  }
  if (gaveTime && "occurredAt" in command && command.occurredAt !== event.occurredAt) {
    const now = fields.formatInstant(command.occurredAt);
    return `occurredAt was ${when} at first, and is ${now} now: a repetition brings the time that the first one brought, or leaves it out as that did`;
  }
  const time = gaveTime
    ? "the first one left occurredAt out, or"
    : "the first one may have brought an occurredAt, or";
  return `nothing that the ledger recorded differs: ${time} a field differs of which it keeps no more than what it led to; ${of}`;
}

/** What a command says, in the order in which a reader wants to be told. */
function saidBy(command: AccountCommand): Said {
  switch (command.type) {
    case "earn": {
      const { by, expiresAt, reason } = command;
      const much = "points" in by ? points(by.points) : spend(by.spend, by.money, by.rule);
      return { ...much, ...(expiresAt === undefined ? {} : { expiresAt: end(expiresAt) }), reason };
    }
    case "burn":
    case "hold":
      return { points: String(command.points), redemption: command.redemption };
    case "capture":
      return {
        hold: String(command.hold),
        ...(command.points === undefined ? {} : { points: String(command.points) }),
      };
    case "void":
      return { hold: String(command.hold) };
    case "reverse": {
      const { by, origin, reason } = command;
      const much =
        "points" in by
          ? { points: String(by.points) }
          : "spend" in by
            ? { "spend.amount": String(by.spend) }
            : {};
      return { origin: origin === undefined ? undefined : "one", ...much, reason };
    }
    case "transfer":
      return { points: String(command.points), to: command.to };
    case "adjust":
      return { direction: command.direction, points: String(command.points), reason: command.reason };
    case "approve":
    case "reject":
    case "withdraw":
      return { adjustment: String(command.adjustment) };
    default:
      return {};
  }
}

/** The same of the events; a field that they do not tell is not there. */
function recordedBy(events: readonly AccountEvent[]): Said {
  const [event] = events as readonly [AccountEvent];
  const total = String(
    events.reduce((sum, { type, ...rest }) => sum + ("amount" in rest ? rest.amount : 0n), 0n),
  );
  switch (event.type) {
    case "PointsEarned": {
      const { basis, lot, reason } = event;
      const much = basis === undefined ? points(lot.amount) : spend(basis.spend, basis.money, basis.rule);
      return { ...much, expiresAt: end(lot.expiresAt), reason };
    }
    case "PointsBurned":
    case "HoldPlaced":
      return { points: total, redemption: event.redemption };
    case "HoldCaptured":
      return { hold: String(event.hold), points: total };
    case "HoldVoided":
      return { hold: String(event.hold) };
    case "EarnReversed": {
      const { refund, reason, unreferenced, unmatched } = event;
      const origin = unreferenced ? undefined : "one";
      const asked = String(BigInt(total) + unmatched);
      return refund === undefined
        ? { origin, points: asked, reason }
        : { origin, "spend.amount": String(refund.spend), reason };
    }
    case "BurnReversed":
      return { origin: "one", points: total, reason: event.reason };
    case "TransferOut":
      return { points: total, to: event.to };
    case "AdjustmentRequested":
      return { direction: event.direction, points: total, reason: event.reason };
    case "AdjustmentCredited":
      return adjusted("credit", String(event.lot.amount), event);
    case "AdjustmentDebited":
      return adjusted("debit", total, event);
    case "DebtWrittenOff":
      return adjusted("write_off", total, event);
    case "AdjustmentRejected":
    case "AdjustmentWithdrawn":
      return { adjustment: String(event.adjustment) };
    default:
      return {};
  }
}

function adjusted(
  direction: string,
  amount: string,
  { adjustment, reason }: { readonly adjustment?: number; readonly reason: string },
): Said {
  return adjustment === undefined
    ? { direction, points: amount, reason }
    : { adjustment: String(adjustment) };
}

function points(amount: bigint): Said {
  return { points: String(amount), "spend.amount": undefined };
}

function spend(amount: bigint, currency: string, rule: string): Said {
  return {
    points: undefined,
    "spend.amount": String(amount),
    "spend.currency": currency,
    "spend.rule": rule,
  };
}

function end(instant: number | null | undefined): string {
  const at = endOf(instant);
  return Number.isFinite(at) ? fields.formatInstant(at) : "never";
}
