import type { IncomingMessage } from "node:http";
import type { AnyContent, Route } from "./route.ts";
import { parse } from "./validation.ts";

/** Everything of a request but its body. */
export type Head = Omit<AnyContent, "body">;

const NOTHING = Object.freeze({});

/** What a route is given of a request beside its body; made once a route. What is not there is not parsed. */
export function headReader(
  route: Route,
): (request: IncomingMessage, params: Readonly<Record<string, string>>) => Head {
  const takesQuery = Object.keys(route.query.shape).length > 0;
  const names = Object.keys(route.headers?.shape ?? {});
  // A header that must be there, or stands for something where it is not, is looked at every time.
  const absent = route.headers?.safeParse({});
  const mayBeAbsent = absent?.success === true && Object.keys(absent.data).length === 0;
  return (request, inPath) => {
    const params = route.params === undefined ? NOTHING : parse(route.params, inPath, "path");
    const hasQuery = takesQuery || request.url?.includes("?") === true;
    const query = hasQuery ? parse(route.query, queryOf(request), "query") : NOTHING;
    const { headers: given } = request;
    const hasHeaders = !mayBeAbsent || names.some((name) => given[name] !== undefined);
    const headers =
      route.headers !== undefined && hasHeaders ? parse(route.headers, given, "header") : NOTHING;
    return { params, query, headers } as Head;
  };
}

/** Query parameters by name; one that is repeated becomes a list, which no field takes. */
function queryOf(request: IncomingMessage): Record<string, string | string[]> {
  const url = request.url ?? "/";
  const start = url.indexOf("?");
  const query: Record<string, string | string[]> = {};
  if (start === -1) return query;
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    const before = Object.hasOwn(query, name) ? query[name] : undefined;
    const values = before === undefined ? value : [before, value].flat();
    Object.defineProperty(query, name, { value: values, enumerable: true, configurable: true });
  }
  return query;
}
