import type { Aggregate } from "@taem/event-store";
import { callerOf, defineContext, metaOf, type Projectors, Reach, rethrow } from "@taem/host";
import { type MemberRef, type Route, route } from "@taem/http";
import { type ProjectorView, schemaOf } from "@taem/processing";
import { routes, StampsError, stampsApi } from "./api.ts";
import { type CardStamped, card, cardStream } from "./events.ts";
import { cards } from "./read-model.ts";

/** A context as somebody new would write it, to try the recipe of packages/host; it is in no program that is shipped. */

const PLACES = 10;

const aggregate: Aggregate<number, CardStamped> = {
  events: card.events,
  initial: () => 0,
  evolve: (stamps, event) => stamps + event.stamps,
  draft: (stamps) => stamps,
  commit: (stamps) => stamps,
  weight: () => 8,
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
  open: (process, { programmes, members }: Needed) => {
    const memberOf = async (params: { readonly programme: string; readonly member: MemberRef }) => {
      const { id: programme } = await programmes.named(params.programme);
      return { programme, ...(await members.resolve(programme, params.member)) };
    };
    return {
      ports: {},
      commands: (): Route[] => [
        route({
          ...routes.stamp,
          handler: async ({ params, body }, context) => {
            const { programme, id: member, slice } = await memberOf(params);
            const caller = callerOf(context);
            const event: CardStamped = { type: "CardStamped", programme, member, stamps: body.stamps };
            const stamped = await process
              .handler()
              .execute<number, CardStamped, Stamped | undefined>({
                aggregate,
                stream: cardStream(member),
                slice,
                meta: metaOf(caller),
                deadline: caller.deadline,
                decide: (had) =>
                  had + body.stamps > PLACES
                    ? { events: [], answer: () => () => undefined }
                    : {
                        events: [event],
                        answer:
                          (stamps) =>
                          ({ position }) => ({ stamps, position }),
                      },
              })
              .catch(rethrow);
            if (stamped === undefined) throw new StampsError("card_full");
            const token = process.tokens.seal(programme, [{ slice, position: stamped.position }]);
            return { status: 200, body: { stamps: stamped.stamps, token } };
          },
        }),
      ],
      queries: (projectors: Projectors): Route[] => [
        route({
          ...routes.card,
          handler: async ({ params, query }, { deadline }) => {
            const { programme, id, slice } = await memberOf(params);
            const projector = projectors.get(cards().name) as ProjectorView;
            await new Reach({ ...process, projector }).ownWrite(programme, query.token, deadline);
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
