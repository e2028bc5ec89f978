import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { protobufFields, repeated } from "./protobuf.ts";

/** A span as a collector receives it, with the name of the service that sent it. */
export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly hasFailed: boolean;
  /** Nanoseconds since the epoch. */
  readonly startedAt: bigint;
  readonly endedAt: bigint;
}

/** An OTLP collector (HTTP, protobuf) that keeps what it is sent. */
export interface OtlpCollector extends AsyncDisposable {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Bodies as they came. */
  readonly bodies: readonly Buffer[];
  readonly headers: readonly IncomingHttpHeaders[];
}

/** `status` is what every export is answered with; `silent` answers none. */
export async function startOtlpCollector({
  status = 200,
  silent = false,
}: {
  readonly status?: number;
  readonly silent?: boolean;
} = {}): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  const bodies: Buffer[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    bodies.push(body);
    headers.push(request.headers);
    if (silent) return;
    if (request.url !== "/v1/traces") {
      response.writeHead(404).end();
      return;
    }
    if (status === 200) spans.push(...spansOf(body));
    response.writeHead(status, { "content-type": "application/x-protobuf" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    bodies,
    headers,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const KINDS = ["internal", "internal", "server", "client", "producer", "consumer"] as const;
const FAILED = 2n;

/** Fields are those of opentelemetry/proto/trace/v1/trace.proto, version 1. */
function spansOf(request: Buffer): CollectedSpan[] {
  return repeated(request, 1).flatMap((resourceSpans) => {
    const resource = attributesOf(repeated(resourceSpans, 1)[0] as Buffer, 1);
    const service = String(resource["service.name"]);
    const spans = repeated(resourceSpans, 2).flatMap((scopeSpans) => repeated(scopeSpans, 2));
    return spans.map((span) => spanOf(span, service));
  });
}

function spanOf(span: Buffer, service: string): CollectedSpan {
  const fields = new Map([...protobufFields(span)].map(({ number, value }) => [number, value]));
  const hex = (number: number) => ((fields.get(number) as Buffer | undefined) ?? Buffer.of()).toString("hex");
  const integer = (number: number) => (fields.get(number) as bigint | undefined) ?? 0n;
  const status = repeated(span, 15)[0] ?? Buffer.of();
  return {
    service,
    name: String(fields.get(5)),
    kind: KINDS[Number(integer(6))] as CollectedSpan["kind"],
    traceId: hex(1),
    spanId: hex(2),
    parentSpanId: hex(4),
    attributes: attributesOf(span, 9),
    links: repeated(span, 13).map((link) => ({
      traceId: (repeated(link, 1)[0] as Buffer).toString("hex"),
      spanId: (repeated(link, 2)[0] as Buffer).toString("hex"),
    })),
    hasFailed: [...protobufFields(status)].some(({ number, value }) => number === 3 && value === FAILED),
    startedAt: integer(7),
    endedAt: integer(8),
  };
}

function attributesOf(message: Buffer, number: number): Record<string, unknown> {
  return Object.fromEntries(
    repeated(message, number).map((pair) => [
      String(repeated(pair, 1)[0]),
      anyValue(repeated(pair, 2)[0] as Buffer),
    ]),
  );
}

function anyValue(any: Buffer): unknown {
  const [field] = protobufFields(any);
  if (field === undefined) return undefined;
  const { number, value } = field;
  if (typeof value === "bigint") return Number(value);
  return number === 5 ? repeated(value, 1).map(anyValue) : value.toString();
}
