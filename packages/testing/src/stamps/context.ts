import type { Aggregate } from "@taem/event-store";
import { type Caller, callerOf, defineContext, metaOf, type Projectors, Reach } from "@taem/host";
import { type MemberRef, type Route, route } from "@taem/http";
import { createReactionRunner, done, type ProjectorView, schemaOf } from "@taem/processing";
import { routes, StampsError, stampsApi } from "./api.ts";
import { type CardStamped, card, cardStream } from "./events.ts";
import { bonuses } from "./reactions.ts";
import { cards } from "./read-model.ts";

/** A context as somebody new would write it, to try the recipe of packages/host; it is in no program that is shipped. */

const PLACES = 20;

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

interface Stamped {
  readonly stamps: number;
  readonly position: string;
}

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
    /** Once, where it is the bonus of something, which a full card takes too; how many stamps there are then, unless it is full. */
    const stamp = (event: CardStamped, slice: number, caller: Caller) =>
      process.handler().execute<Card, CardStamped, Stamped | undefined>({
        aggregate,
        stream: cardStream(event.member),
        slice,
        meta: metaOf(caller),
        deadline: caller.deadline,
        decide: ({ stamps, won }) => {
          const { bonusOf } = event;
          if (bonusOf === undefined && stamps + event.stamps > PLACES)
            return { events: [], answer: () => () => undefined };
          const isGiven = bonusOf !== undefined && won.includes(bonusOf);
          return {
            events: isGiven ? [] : [event],
            answer:
              ({ stamps }) =>
              ({ position }) => ({ stamps, position }),
          };
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
            const stamped = await stamp(event, slice, callerOf(context));
            if (stamped === undefined) throw new StampsError("card_full");
            const token = process.tokens.seal(programme, [{ slice, position: stamped.position }]);
            return { status: 200, body: { stamps: stamped.stamps, token } };
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
      queries: (projectors: Projectors): Route[] => [
        route({
          ...routes.card,
          handler: async ({ params, query }, { deadline }) => {
            const { programme, id, slice } = await memberOf(params);
            const projector = projectors.get(cards().name) as ProjectorView;
            const schema = schemaOf(cards());
            const sql = `SELECT c.position, (SELECT stamps FROM ${schema}.cards WHERE slice = c.slice AND member = $2)
                           FROM ${schema}.checkpoints c WHERE c.slice = $1`;
            const reach = new Reach({ ...process, projector });
            const [row] = await reach.ownWrite(programme, query.token, deadline, {
              slice,
              read: () => process.database.queryArrays<[string, number | null]>(sql, [slice, id]),
              upTo: ([found]) => found?.[0] ?? "",
            });
            return { status: 200, body: { stamps: row?.[1] ?? 0 } };
          },
        }),
      ],
    };
  },
});
