import type { z } from "zod";
import type { Method } from "./route.ts";

/**
 * What a described route takes and answers, as JSON has it: amounts are decimal strings of whole minor units, instants
 * RFC 3339. Only types, so that a caller depends on no schema when it runs.
 */

/** A route as its context describes it, for whoever serves it and for whoever calls it. */
export interface Described {
  readonly method: Method;
  /** OpenAPI form, parameters in braces. */
  readonly path: string;
}

export type ValueOf<T> = T[keyof T];

/** Its parameters, and its body and query where it has them. */
export type RequestOf<D> = {
  readonly params: D extends { readonly params: infer P }
    ? { readonly [Name in keyof P]: string }
    : Readonly<Record<never, never>>;
} & (D extends { readonly body: infer B extends z.ZodType } ? { readonly body: z.input<B> } : unknown) &
  (D extends { readonly query: infer Q extends z.ZodRawShape }
    ? { readonly query?: z.input<z.ZodObject<Q>> }
    : unknown);

export type AnswerOf<D> = D extends { readonly responses: infer A }
  ? ValueOf<A> extends { readonly schema: infer S extends z.ZodType }
    ? z.input<S>
    : never
  : never;
