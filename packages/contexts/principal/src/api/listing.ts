import type { EventStore } from "@taem/event-store";
import { type Cut, cutOf, Reach, type ReachTools } from "@taem/host";
import { ApiError, type AuthenticatedContext, type Page, pageFrom } from "@taem/http";
import type { Queryable, Transactional } from "@taem/postgres";
import type { Projection } from "@taem/processing";
import type { KeyUses } from "../key-uses.ts";

/** What a list of principals is made with: of the projector of its read model. */
export interface ListTools extends ReachTools {
  readonly database: Transactional;
  readonly store: EventStore;
  /** When API keys were last used, and people last there, in milliseconds since the epoch. */
  readonly lastUses: KeyUses["lastUses"];
}

/** Ids of a read model, in their order, after one: of programmes, or, with null, all; undefined where there is no such table. */
export type IdsAfter = (
  sql: Queryable,
  programmes: readonly string[] | null,
  limit: number,
  after: string | undefined,
) => Promise<readonly string[] | undefined>;

interface ListQuery {
  readonly consistency: "eventual" | "strong";
  readonly limit: number;
  readonly cursor?: readonly [string] | undefined;
}

/** Who there is comes from a read model, and nothing else: what each may do is in its own stream. */
export class Listing {
  readonly #database: Transactional;
  readonly #reach: Reach;
  readonly #projection: Projection;
  readonly #idsAfter: IdsAfter;

  /** `idsAfter` is of the projection's tables. */
  constructor(tools: ListTools, projection: Projection, idsAfter: IdsAfter) {
    this.#database = tools.database;
    this.#reach = new Reach(tools);
    this.#projection = projection;
    this.#idsAfter = idsAfter;
  }

  /** Those that the caller's programmes have, and what the read model knew. Throws `read_model_behind`. */
  async page(
    { consistency, limit, cursor }: ListQuery,
    { principal, deadline }: Pick<AuthenticatedContext, "principal" | "deadline">,
  ): Promise<Page<string> & { readonly cut: Cut }> {
    const asked = { programme: undefined, token: undefined, consistency };
    const { ids, cut } = await this.#reach.whole(asked, deadline, {
      read: () =>
        this.#database.transaction(
          async (sql) => {
            const ids = await this.#idsAfter(sql, principal.programmes, limit + 1, cursor?.[0]);
            if (ids === undefined) throw new ApiError("read_model_behind");
            return { ids, cut: await cutOf(sql, this.#projection) };
          },
          { snapshot: true },
        ),
      upTo: ({ cut }) => cut.position,
    });
    const page = pageFrom(
      ids,
      limit,
      (id) => [id],
      (id) => id,
    );
    return { cut, ...page };
  }
}
