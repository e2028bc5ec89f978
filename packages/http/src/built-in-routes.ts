import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Health, type HealthReport, type Logger, type Metrics, reasonOf } from "@taem/runtime";
import { z } from "zod";
import { publicRoute, type Route } from "./route.ts";

const TAG = "operation";

export interface ProbeOptions {
  readonly health: Health;
  readonly logger: Logger;
}

/** Whether the process works and takes work, for whoever asks, however often. */
export function probeRoutes({ health, logger }: ProbeOptions): Route[] {
  const probe = (report: () => Promise<HealthReport>) => {
    const recent = shortly(async () => healthAnswer(await report(), logger));
    return {
      public: true,
      probe: true,
      method: "GET",
      tag: TAG,
      responses: healthAnswers,
      handler: recent,
    } as const;
  };
  return [
    publicRoute({
      ...probe(() => health.live()),
      path: "/health/live",
      summary: "Whether the process works; restart it if not",
    }),
    publicRoute({
      ...probe(() => health.ready()),
      path: "/health/ready",
      summary: "Whether the service takes work",
    }),
  ];
}

/** What the process measures, for whoever runs it. */
export function metricsRoute(metrics: Metrics): Route {
  const body = shortly(() => metrics.exposition());
  return publicRoute({
    method: "GET",
    path: "/metrics",
    public: true,
    probe: true,
    tag: TAG,
    summary: "Metrics in Prometheus' text format",
    responses: { 200: { description: "The metrics.", contentType: metrics.contentType } },
    handler: async () => ({ status: 200, body: await body() }),
  });
}

/** What the routes of a service are, for its callers. `document` is the OpenAPI document as JSON text. */
export function documentationRoutes(title: string, document: () => string): Route[] {
  return [
    publicRoute({
      method: "GET",
      path: "/openapi.json",
      public: true,
      tag: TAG,
      summary: "This description",
      responses: { 200: { description: "OpenAPI 3.1.", contentType: "application/json" } },
      handler: () => ({ status: 200, body: document() }),
    }),
    ...pageRoutes(title),
  ];
}

const SHORTLY_MS = 500;

/** Does something for all who ask while it is being done, and for a moment after it. */
function shortly<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    if (done !== undefined) return done;
    const doing = work();
    done = doing;
    const forget = () => {
      done = undefined;
    };
    doing.then(() => setTimeout(forget, SHORTLY_MS).unref(), forget);
    return doing;
  };
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
function pageRoutes(title: string): Route[] {
  const policy =
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";
  let script: Promise<Buffer> | undefined;
  return [
    publicRoute({
      method: "GET",
      path: "/docs",
      public: true,
      tag: TAG,
      summary: "This description as a page",
      responses: { 200: { description: "The page.", contentType: "text/html; charset=utf-8" } },
      handler: () => ({ status: 200, body: page(title), headers: { "content-security-policy": policy } }),
    }),
    publicRoute({
      method: "GET",
      path: PAGE_SCRIPT,
      public: true,
      tag: TAG,
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
