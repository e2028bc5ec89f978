import type { Route } from "@taem/http";
import type { Transactional } from "@taem/postgres";
import { AccountReader, type AccountReaderPlatform } from "../queries/account-reader.ts";
import { approvalRoutes } from "./approval-routes.ts";
import { listRoutes } from "./list-routes.ts";
import { memberRoutes } from "./member-routes.ts";
import { reportRoutes } from "./report-routes.ts";
import { type RequestPlatform, Requests } from "./request.ts";
import { sourceRoutes } from "./source-routes.ts";

/** What the read models answer. */
export function queryRoutes(
  platform: RequestPlatform & AccountReaderPlatform & { readonly database: Transactional },
): Route[] {
  const parts = { ...platform, requests: new Requests(platform), reader: new AccountReader(platform) };
  return [
    ...memberRoutes(parts),
    ...reportRoutes(parts),
    ...listRoutes(parts),
    ...approvalRoutes(parts),
    ...sourceRoutes(parts),
  ];
}
