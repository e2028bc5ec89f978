import { z } from "zod";
import { bulkRoute, fields, type Route } from "../../src/index.ts";

const line = z.strictObject({ member: fields.memberRef, points: fields.amount });

export type BulkLine = z.output<typeof line>;

/** Takes one line a member; `work` says what becomes of it. */
export function bulkEarnRoute(work: (line: BulkLine) => Promise<void> = () => Promise.resolve()): Route {
  return bulkRoute({
    method: "POST",
    path: "/v1/programmes/{programme}/commands",
    permission: "earn",
    tag: "points",
    summary: "Many commands",
    params: { programme: fields.programmeCode },
    line,
    result: z.object({ balance: fields.total }),
    problems: ["insufficient_points", "member_unknown"],
    open: () => async (given) => {
      await work(given);
      return { status: 201, body: { balance: String(given.points) } };
    },
  });
}
