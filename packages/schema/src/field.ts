/**
 * The language in which events are described. One description gives the TypeScript type, the canonical JSON and the
 * wire schemas, so none of them can drift from the others.
 */

export type Field<T> = FieldShape & { readonly _type?: T };

type FieldShape =
  | { readonly kind: "text" | "amount" | "instant" | "integer" | "flag" }
  | { readonly kind: "choice"; readonly values: readonly string[] }
  | { readonly kind: "list"; readonly of: Field<unknown> }
  | { readonly kind: "optional"; readonly of: Field<unknown> }
  | { readonly kind: "record"; readonly fields: Fields; readonly name?: string };

export type Fields = { readonly [name: string]: Field<unknown> };

export type Infer<F> = F extends Field<infer T> ? T : never;

type OptionalNames<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly kind: "optional" } ? K : never;
}[keyof F];

type Flat<T> = { [K in keyof T]: T[K] };

/** The type of a record: optional fields may be absent, never undefined-but-present. */
export type InferFields<F extends Fields> = Flat<
  { readonly [K in Exclude<keyof F, OptionalNames<F>>]: Infer<F[K]> } & {
    readonly [K in OptionalNames<F>]?: Infer<F[K]>;
  }
>;

export const text: Field<string> & { readonly kind: "text" } = { kind: "text" };
/** Integer minor units, of 64 bits; a decimal string in JSON. */
export const amount: Field<bigint> & { readonly kind: "amount" } = { kind: "amount" };
/** Milliseconds since the epoch, UTC. */
export const instant: Field<number> & { readonly kind: "instant" } = { kind: "instant" };
export const integer: Field<number> & { readonly kind: "integer" } = { kind: "integer" };
/** The largest instant or integer, and below zero the smallest: a wire's reader holds each of these exactly. */
export const MAX_INTEGER = 2 ** 52 - 1;
export const flag: Field<boolean> & { readonly kind: "flag" } = { kind: "flag" };

export function choice<const V extends string>(...values: V[]): Field<V> & { readonly kind: "choice" } {
  return { kind: "choice", values };
}

export function list<F extends Field<unknown>>(
  of: F,
): Field<readonly Infer<F>[]> & { readonly kind: "list" } {
  return { kind: "list", of };
}

export function optional<F extends Field<unknown>>(of: F): Field<Infer<F>> & { readonly kind: "optional" } {
  return { kind: "optional", of };
}

export function record<const F extends Fields>(
  fields: F,
): Field<InferFields<F>> & { readonly kind: "record"; readonly fields: F } {
  return { kind: "record", fields };
}

/** A record that several descriptions share, by the name it has in all of them on the wire. */
export function named<const F extends Fields>(
  name: string,
  fields: F,
): Field<InferFields<F>> & { readonly kind: "record"; readonly fields: F; readonly name: string } {
  return { kind: "record", fields, name };
}
