import type { Aggregate } from "@taem/event-store";
import { callerOf, defineContext, metaOf, rethrow } from "@taem/host";
import { fields, type MemberRef, type Route, route } from "@taem/http";
import { schemaOf } from "@taem/processing";
import { z } from "zod";
import { type CardStamped, card, cardStream } from "./events.ts";
import { cards } from "./read-model.ts";

/** A context as somebody new would write it, to try the recipe of packages/host; it is in no program that is shipped. */

const aggregate: Aggregate<number, CardStamped> = {
  events: card.events,
  initial: () => 0,
  evolve: (stamps, event) => stamps + event.stamps,
  draft: (stamps) => stamps,
  commit: (stamps) => stamps,
  weight: () => 8,
};

const described = {
  path: "/v1/programmes/{programme}/members/{member}/stamps",
  tag: "stamps",
  params: { programme: fields.programmeCode, member: fields.memberRef },
  responses: { 200: { description: "The card.", schema: z.strictObject({ stamps: z.int() }) } },
} as const;

interface Needed {
  readonly programmes: { named(code: string): Promise<{ readonly id: string }> };
  readonly members: {
    resolve(programme: string, ref: MemberRef): Promise<{ readonly id: string; readonly slice: number }>;
  };
}

export const stamps = defineContext({
  name: "stamps",
  categories: [card],
  readModels: () => [cards()],
  open: (process, { programmes, members }: Needed) => {
    const memberOf = async (params: { readonly programme: string; readonly member: MemberRef }) => {
      const { id: programme } = await programmes.named(params.programme);
      return { programme, ...(await members.resolve(programme, params.member)) };
    };
    return {
      ports: {},
      commands: (): Route[] => [
        route({
          ...described,
          method: "POST",
          permission: "earn",
          summary: "Stamp a member's card",
          body: z.strictObject({ stamps: z.int().min(1).max(10) }),
          handler: async ({ params, body }, context) => {
            const { programme, id: member, slice } = await memberOf(params);
            const caller = callerOf(context);
            const event: CardStamped = { type: "CardStamped", programme, member, stamps: body.stamps };
            const had = await process
              .handler()
              .execute<number, CardStamped, number>({
                aggregate,
                stream: cardStream(member),
                slice,
                meta: metaOf(caller),
                deadline: caller.deadline,
                decide: () => ({ events: [event], answer: (now) => () => now }),
              })
              .catch(rethrow);
            return { status: 200, body: { stamps: had } };
          },
        }),
      ],
      queries: (): Route[] => [
        route({
          ...described,
          method: "GET",
          permission: "read",
          summary: "A member's card",
          handler: async ({ params }) => {
            const { id, slice } = await memberOf(params);
            const [row] = await process.database.queryArrays<[number]>(
              `SELECT stamps FROM ${schemaOf(cards())}.cards WHERE slice = $1 AND member = $2`,
              [slice, id],
            );
            return { status: 200, body: { stamps: row?.[0] ?? 0 } };
          },
        }),
      ],
    };
  },
});
