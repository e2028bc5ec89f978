import type { Aggregate } from "@taem/event-store";
import { type Caller, callerOf, defineContext, metaOf, rethrow } from "@taem/host";
import { fields, type MemberRef, type Route, route } from "@taem/http";
import { createReactionRunner, done, schemaOf } from "@taem/processing";
import { z } from "zod";
import { type CardStamped, card, cardStream } from "./events.ts";
import { bonuses } from "./reactions.ts";
import { cards } from "./read-model.ts";

/** A context as somebody new would write it, to try the recipe of packages/host; it is in no program that is shipped. */

interface Card {
  readonly stamps: number;
  /** What has won a bonus. */
  readonly won: readonly string[];
}

const aggregate: Aggregate<Card, CardStamped> = {
  events: card.events,
  initial: () => ({ stamps: 0, won: [] }),
  evolve: ({ stamps, won }, event) => ({
    stamps: stamps + event.stamps,
    won: event.bonusOf === undefined ? won : [...won, event.bonusOf],
  }),
  draft: (state) => state,
  commit: (state) => state,
  weight: ({ won }) => 8 + 36 * won.length,
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
  reactors: [bonuses],
  open: (process, { programmes, members }: Needed) => {
    const memberOf = async (params: { readonly programme: string; readonly member: MemberRef }) => {
      const { id: programme } = await programmes.named(params.programme);
      return { programme, ...(await members.resolve(programme, params.member)) };
    };
    /** Once, where it is the bonus of something; how many stamps there are then. */
    const stamp = (event: CardStamped, slice: number, caller: Caller) =>
      process.handler().execute<Card, CardStamped, number>({
        aggregate,
        stream: cardStream(event.member),
        slice,
        meta: metaOf(caller),
        deadline: caller.deadline,
        decide: ({ won }) => ({
          events: event.bonusOf !== undefined && won.includes(event.bonusOf) ? [] : [event],
          answer:
            ({ stamps }) =>
            () =>
              stamps,
        }),
      });
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
            const event: CardStamped = { type: "CardStamped", programme, member, stamps: body.stamps };
            const stamps = await stamp(event, slice, callerOf(context)).catch(rethrow);
            return { status: 200, body: { stamps } };
          },
        }),
      ],
      reactions: () => [
        createReactionRunner({
          ...process,
          reactor: bonuses,
          deliver: async ({ command: { programme, member, of }, provenance, deadline }) => {
            const { slice } = await members.resolve(programme, { id: member });
            const event = { type: "CardStamped", programme, member, stamps: 1, bonusOf: of } as const;
            await stamp(event, slice, { ...provenance, deadline });
            return done();
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
