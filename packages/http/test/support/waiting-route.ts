import { z } from "zod";
import { fields, type Route, route } from "../../src/index.ts";

/** A route of a programme whose answers wait for `open`. */
export function waitingRoute(): { readonly waiting: Route; open(): void; readonly entered: () => number } {
  const gate = Promise.withResolvers<void>();
  let entered = 0;
  const waiting = route({
    method: "GET",
    path: "/v1/programmes/{programme}/wait",
    permission: "read",
    tag: "test",
    summary: "Waits",
    params: { programme: fields.programmeCode },
    responses: { 200: { description: "Done.", schema: z.object({ done: z.boolean() }) } },
    handler: async () => {
      entered += 1;
      await gate.promise;
      return { status: 200, body: { done: true } };
    },
  });
  return { waiting, open: () => gate.resolve(), entered: () => entered };
}
