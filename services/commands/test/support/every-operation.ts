import type { Answer, Api } from "@taem/testing/api";
import { defineProgramme } from "@taem/testing/programme";
import { enrol } from "./fixture.ts";

export type Way = "alone" | "bulk";

/** One command of a kind, as it is sent alone or as a line of a bulk request. */
export interface Sent {
  readonly op: string;
  readonly path: string;
  /** Names the account, or the hold or adjustment, in a line. */
  readonly target: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly source: { readonly system: string; readonly id: string };
  /** Whoever asks for an adjustment does not approve it. */
  readonly by: "clerk" | "manager";
}

export interface Done {
  readonly sent: Sent;
  readonly answer: Answer;
}

const PTS = { currency: "PTS" };

/** Whatever a command has beside the key, sent again with `change`. */
export async function send(
  apis: Readonly<Record<Sent["by"], Api>>,
  { op, path, target, body, source, by }: Sent,
  way: Way = "alone",
  change: Readonly<Record<string, unknown>> = {},
): Promise<Pick<Answer, "status" | "body">> {
  const changed = { ...body, ...change, source };
  if (way === "alone") return apis[by].post(path, changed);
  const [answer] = await apis[by].bulk("every", [{ op, ...target, ...changed }]);
  return { status: answer?.status ?? 0, body: (answer?.result ?? answer?.problem) as Answer["body"] };
}

/** Does every operation on accounts once, each saying no more than it must; in a programme called `every`. */
export async function doEveryOperation(apis: Readonly<Record<Sent["by"], Api>>): Promise<Done[]> {
  const shop = await defineProgramme(apis.clerk, "every", {
    clock: { mode: "replay", at: "2026-03-10T03:00:00Z" },
    adjustmentLimit: "100",
  });
  const [member] = (await enrol(apis.clerk, shop, "malee", "somchai")) as [string];
  const done: Done[] = [];
  const run = async (sent: Omit<Sent, "source">): Promise<Done> => {
    const command = { ...sent, source: { system: "pos", id: `${sent.op} \u00e9 ${done.length}` } };
    const answer = (await send(apis, command)) as Answer;
    if (answer.status !== 201 && answer.status !== 202)
      throw new Error(`${sent.op}: ${JSON.stringify(answer.body)}`);
    done.push({ sent: command, answer });
    return done.at(-1) as Done;
  };
  const target = { member: "ext:malee" };
  const on = (op: string, route: string, body: object) =>
    run({ op, path: `${member}/${route}`, target, body: { ...PTS, ...body }, by: "clerk" });
  const onHold = (op: "capture" | "void", hold: string, body: Sent["body"] = {}) =>
    run({ op, path: `${shop}/holds/${hold}/${op}`, target: { hold }, body, by: "clerk" });
  const occurredAt = "2026-03-10T01:00:00Z";
  const earned = await on("earn", "earn", { points: "1000", occurredAt, expiresAt: "2027-01-01T00:00:00Z" });
  await on("earn", "earn", { spend: { amount: "250000", currency: "THB", rule: "base" } });
  const burned = await on("burn", "burn", { points: "10" });
  for (const [op, body] of [
    ["capture", { points: "5" }],
    ["void", {}],
  ] as const) {
    const held = await on("hold", "holds", { points: "10", timeoutSeconds: 60 });
    await onHold(op, held.answer.body.effect.hold.id, body);
  }
  await on("transfer", "transfers", { points: "10", to: "ext:somchai" });
  await on("reverse", "reversals", { origin: earned.sent.source, points: "10" });
  await on("reverse", "reversals", { origin: burned.sent.source, all: true });
  await on("reverse", "reversals", { spend: { amount: "2500", rule: "base" } });
  for (const direction of ["credit", "debit"])
    await on("adjust", "adjustments", { direction, points: "7", reason: "goodwill" });
  const large = { direction: "credit", points: "101", reason: "goodwill" };
  for (const [op, by] of [
    ["approve", "manager"],
    ["reject", "manager"],
    ["withdraw", "clerk"],
  ] as const) {
    const asked = await on("adjust", "adjustments", large);
    const adjustment = asked.answer.body.effect.adjustment.id;
    const path = `${shop}/adjustments/${adjustment}/${op}`;
    await run({ op, path, target: { adjustment }, body: {}, by });
  }
  return done;
}

/** What waited for a second person is answered so under its key for ever. */
export function statusAgain({ status }: Pick<Answer, "status">): number {
  return status === 202 ? 202 : 200;
}
