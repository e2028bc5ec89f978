import type { Aggregate } from "@taem/event-store";
import { type Caller, callerOf, defineContext, metaOf, rethrow } from "@taem/host";
import { type MemberRef, type Route, route } from "@taem/http";
import { createReactionRunner, done, refused, schemaOf } from "@taem/processing";
import { routes, StampsError, stampsApi } from "./api.ts";
import { type CardStamped, card, cardStream } from "./events.ts";
import { bonuses } from "./reactions.ts";
import { cards } from "./read-model.ts";

/** A context as somebody new would write it, to try the recipe of packages/host; it is in no program that is shipped. */

const PLACES = 10;

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

interface Needed {
  readonly programmes: { named(code: string): Promise<{ readonly id: string }> };
  readonly members: {
    resolve(programme: string, ref: MemberRef): Promise<{ readonly id: string; readonly slice: number }>;
  };
}

export const stamps = defineContext({
  name: "stamps",
  api: stampsApi,
  categories: [card],
  readModels: () => [cards()],
  reactors: [bonuses],
  open: (process, { programmes, members }: Needed) => {
    const memberOf = async (params: { readonly programme: string; readonly member: MemberRef }) => {
      const { id: programme } = await programmes.named(params.programme);
      return { programme, ...(await members.resolve(programme, params.member)) };
    };
    /** How many stamps there are then, undefined where there is no place for more. A bonus is given once. */
    const stamp = (event: CardStamped, slice: number, caller: Caller) =>
      process.handler().execute<Card, CardStamped, number | undefined>({
        aggregate,
        stream: cardStream(event.member),
        slice,
        meta: metaOf(caller),
        deadline: caller.deadline,
        decide: ({ stamps, won }) => {
          const isGiven = event.bonusOf !== undefined && won.includes(event.bonusOf);
          if (!isGiven && stamps + event.stamps > PLACES)
            return { events: [], answer: () => () => undefined };
          return { events: isGiven ? [] : [event], answer: (card) => () => card.stamps };
        },
      });
    return {
      ports: {},
      commands: (): Route[] => [
        route({
          ...routes.stamp,
          handler: async ({ params, body }, context) => {
            const { programme, id: member, slice } = await memberOf(params);
            const event: CardStamped = { type: "CardStamped", programme, member, stamps: body.stamps };
            const stamped = await stamp(event, slice, callerOf(context)).catch(rethrow);
            if (stamped === undefined) throw new StampsError("card_full");
            return { status: 200, body: { stamps: stamped } };
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
            const stamped = await stamp(event, slice, { ...provenance, deadline });
            return stamped === undefined ? refused("the card is full") : done();
          },
        }),
      ],
      queries: (): Route[] => [
        route({
          ...routes.card,
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
