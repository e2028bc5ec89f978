import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Health, type HealthReport, type Logger, type Metrics, reasonOf } from "@taem/runtime";
import { z } from "zod";
import { publicRoute, type Route } from "./route.ts";

export interface BuiltInOptions {
  readonly health: Health;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly title: string;
  /** The OpenAPI document as JSON text. */
  readonly document: () => string;
}

/** What every service answers without authentication: all the routes of which that is true. */
export function builtInRoutes({ health, metrics, logger, title, document }: BuiltInOptions): Route[] {
  const tag = "operation";
  return [
    publicRoute({
      method: "GET",
      path: "/health/live",
      public: true,
      tag,
      summary: "Whether the process works; restart it if not",
      responses: healthAnswers,
      handler: async () => healthAnswer(await health.live(), logger),
    }),
    publicRoute({
      method: "GET",
      path: "/health/ready",
      public: true,
      tag,
      summary: "Whether the service takes work",
      responses: healthAnswers,
      handler: async () => healthAnswer(await health.ready(), logger),
    }),
    publicRoute({
      method: "GET",
      path: "/metrics",
      public: true,
      tag,
      summary: "Metrics in Prometheus' text format",
      responses: { 200: { description: "The metrics.", contentType: metrics.contentType } },
      handler: async () => ({ status: 200, body: await metrics.exposition() }),
    }),
    publicRoute({
      method: "GET",
      path: "/openapi.json",
      public: true,
      tag,
      summary: "This description",
      responses: { 200: { description: "OpenAPI 3.1.", contentType: "application/json" } },
      handler: () => ({ status: 200, body: document() }),
    }),
    ...documentationRoutes(title, tag),
  ];
}

const healthAnswers = {
  200: { description: "All checks passed.", schema: healthSchema() },
  503: { description: "A check failed; the log says why.", schema: healthSchema() },
};

function healthSchema() {
  return z
    .object({ status: z.enum(["ok", "failed"]), checks: z.record(z.string(), z.enum(["ok", "failed"])) })
    .meta({ id: "HealthReport" });
}

function healthAnswer({ ok, checks, reasons }: HealthReport, logger: Logger) {
  for (const [check, reason] of Object.entries(reasons))
    logger.warn({ check, reason: reasonOf(reason) }, "health check failed");
  return ok
    ? { status: 200 as const, body: { status: "ok" as const, checks } }
    : { status: 503 as const, body: { status: "failed" as const, checks } };
}

const PAGE_SCRIPT = "/docs/openapi-explorer.js";

/** The page shows the document with a script out of its package: nothing is fetched from elsewhere. */
function documentationRoutes(title: string, tag: string): Route[] {
  const policy =
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";
  let script: Promise<Buffer> | undefined;
  return [
    publicRoute({
      method: "GET",
      path: "/docs",
      public: true,
      tag,
      summary: "This description as a page",
      responses: { 200: { description: "The page.", contentType: "text/html; charset=utf-8" } },
      handler: () => ({ status: 200, body: page(title), headers: { "content-security-policy": policy } }),
    }),
    publicRoute({
      method: "GET",
      path: PAGE_SCRIPT,
      public: true,
      tag,
      summary: "The script of that page",
      responses: { 200: { description: "The script.", contentType: "text/javascript; charset=utf-8" } },
      handler: async () => {
        script ??= readFile(
          fileURLToPath(import.meta.resolve("openapi-explorer/dist/browser/openapi-explorer.min.js")),
        );
        return { status: 200, body: await script, headers: { "cache-control": "public, max-age=86400" } };
      },
    }),
  ];
}

function page(title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<script type="module" src="${PAGE_SCRIPT}"></script>
<style>html, body { margin: 0; height: 100%; }</style>
</head>
<body>
<openapi-explorer spec-url="/openapi.json"></openapi-explorer>
</body>
</html>
`;
}
