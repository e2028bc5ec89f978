import { z } from "zod";
import type { Principal } from "./api-keys.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Fields by name; each group of a request is a strict object of them. */
export type Fields = Readonly<Record<string, z.ZodType>>;

type FieldsOf<F extends Fields> = { readonly [K in keyof F]: z.output<F[K]> };

/** The names in a path such as `/v1/programmes/{programme}/members/{member}`. */
type PathNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathNames<Rest>
  : never;

/** One possible answer. Without a schema it has no body; with `contentType` its body is text or bytes. */
export interface AnswerDeclaration {
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly contentType?: string;
}

export type Answers = Readonly<Record<number, AnswerDeclaration>>;

type BodyOf<A extends AnswerDeclaration> = A extends { schema: infer S extends z.ZodType }
  ? { readonly body: z.input<S> }
  : A extends { contentType: string }
    ? { readonly body: string | Uint8Array }
    : { readonly body?: undefined };

/** What a handler returns: a declared status with its body in wire form (amounts and instants as strings). */
export type Answer<R extends Answers> = {
  [S in keyof R & number]: {
    readonly status: S;
    readonly headers?: Readonly<Record<string, string>>;
  } & BodyOf<R[S]>;
}[keyof R & number];

/** What every handler is told beside the request's own content. */
export interface RequestContext {
  readonly correlationId: string;
  /**
   * Instant, in milliseconds since the epoch, until which the caller waits: what is not done by then is given
   * up.
   */
  readonly deadline: number;
  /** Aborts when the connection ends before the answer: nobody waits for what is still being worked out. */
  readonly signal: AbortSignal;
  /** W3C Trace Context of the request's own span, where requests are traced. */
  readonly traceparent?: string | undefined;
}

export interface AuthenticatedContext extends RequestContext {
  readonly principal: Principal;
}

export interface Content<P extends Fields, Q extends Fields, H extends Fields, B> {
  readonly params: FieldsOf<P>;
  readonly query: FieldsOf<Q>;
  readonly headers: FieldsOf<H>;
  readonly body: B;
}

interface Declaration<Path extends string, P, Q, H, R> {
  readonly method: Method;
  /** OpenAPI form, parameters in braces. */
  readonly path: Path;
  readonly summary: string;
  readonly description?: string;
  /** Groups routes in the document. */
  readonly tag: string;
  readonly params?: P;
  /** A query parameter that is not declared is refused. */
  readonly query?: Q;
  /** By lower-case name; other headers are ignored. */
  readonly headers?: H;
  readonly responses: R;
  /** Problems of its own; those of authentication, validation and load are added. */
  readonly problems?: readonly string[];
}

type ParamFields<Path extends string> = Readonly<Record<PathNames<Path>, z.ZodType>>;
type Access =
  | { readonly permission: string | readonly string[] }
  | { readonly public: true; readonly probe?: true };

/** One route as the server and the document see it; made by `route`, `publicRoute` and `bulkRoute`. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly tag: string;
  /** The key needs one of these; undefined = open to everyone. */
  readonly permissions: readonly string[] | undefined;
  /** Answered however much there is to do: whether the process works, and what it measures. */
  readonly isProbe: boolean;
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject;
  readonly headers: z.ZodObject | undefined;
  readonly responses: Answers;
  readonly problems: readonly string[];
  readonly work: Work;
}

export type AnyContent = Content<Fields, Fields, Fields, unknown>;
export type AnyAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

/** What a route does with a request: one body, or many lines that are each answered. */
export type Work =
  | {
      readonly kind: "single";
      readonly body: z.ZodType | undefined;
      readonly maxBodyBytes: number | undefined;
      readonly handler: (content: AnyContent, context: AuthenticatedContext) => Promise<AnyAnswer>;
    }
  | {
      readonly kind: "bulk";
      readonly line: z.ZodType;
      readonly result: z.ZodType;
      readonly open: (
        content: AnyContent,
      ) => (line: unknown, context: AuthenticatedContext) => Promise<AnyAnswer>;
    };

type SingleDeclaration<Path extends string, P, Q, H, B extends z.ZodType, R> = Declaration<
  Path,
  P,
  Q,
  H,
  R
> & {
  readonly body?: B;
  /** Overrides the server's limit. */
  readonly maxBodyBytes?: number;
};

/** Declares a route that needs a client with the permission (or one of them). */
export function route<
  const Path extends string,
  P extends ParamFields<Path>,
  R extends Answers,
  Q extends Fields = Record<never, never>,
  H extends Fields = Record<never, never>,
  B extends z.ZodType = z.ZodUndefined,
>(
  declaration: SingleDeclaration<Path, P, Q, H, B, R> & {
    readonly permission: string | readonly string[];
    readonly handler: (
      request: Content<P, Q, H, z.output<B>>,
      context: AuthenticatedContext,
    ) => Promise<Answer<NoInfer<R>>> | Answer<NoInfer<R>>;
  },
): Route {
  return single(declaration, declaration.handler);
}

/** Declares a route that everyone may call. */
export function publicRoute<
  const Path extends string,
  P extends ParamFields<Path>,
  R extends Answers,
  Q extends Fields = Record<never, never>,
  H extends Fields = Record<never, never>,
  B extends z.ZodType = z.ZodUndefined,
>(
  declaration: SingleDeclaration<Path, P, Q, H, B, R> & {
    readonly public: true;
    readonly probe?: true;
    readonly handler: (
      request: Content<P, Q, H, z.output<B>>,
      context: RequestContext,
    ) => Promise<Answer<NoInfer<R>>> | Answer<NoInfer<R>>;
  },
): Route {
  return single(declaration, declaration.handler);
}

/** An answer to one line: the status and body that the command would have had alone. */
export interface LineAnswer<B> {
  readonly status: number;
  readonly body: B;
}

/**
 * Declares a route that takes NDJSON and answers each line alone, in input order. `open` is called once a
 * request; the handler it gives is called in input order, without waiting for the lines before. `deadline` is
 * each line's own.
 */
export function bulkRoute<
  const Path extends string,
  P extends ParamFields<Path>,
  L extends z.ZodType,
  A extends z.ZodType,
  Q extends Fields = Record<never, never>,
  H extends Fields = Record<never, never>,
>(
  declaration: Omit<Declaration<Path, P, Q, H, never>, "responses"> & {
    readonly permission: string | readonly string[];
    readonly line: L;
    /** Body of the answer to a line that succeeded. */
    readonly result: A;
    readonly open: (
      request: Content<P, Q, H, undefined>,
    ) => (line: z.output<L>, context: AuthenticatedContext) => Promise<LineAnswer<z.input<A>>>;
  },
): Route {
  const { line, result, open } = declaration;
  const responses = { 200: { description: "One line for each line of the request, in its order." } };
  const work = { kind: "bulk", line, result, open } as Work;
  return erased({ ...declaration, responses }, work);
}

function single(
  declaration: SingleDeclaration<string, Fields, Fields, Fields, z.ZodType, Answers> & Access,
  handler: (content: never, context: AuthenticatedContext) => unknown,
): Route {
  const { body, maxBodyBytes } = declaration;
  return erased(declaration, { kind: "single", body, maxBodyBytes, handler } as Work);
}

function erased(
  declaration: Declaration<string, Fields, Fields, Fields, Answers> & Access,
  work: Work,
): Route {
  const { method, path, summary, description, tag, params, query, headers, responses, problems } =
    declaration;
  return {
    method,
    path,
    summary,
    description,
    tag,
    permissions: "public" in declaration ? undefined : [declaration.permission].flat(),
    isProbe: "probe" in declaration && declaration.probe === true,
    params: params && z.strictObject(params),
    query: z.strictObject(query ?? {}),
    headers: headers && z.object(headers),
    responses,
    problems: problems ?? [],
    work,
  };
}
