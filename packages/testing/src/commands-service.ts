import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { type CommandsPlatform, createCommands } from "@taem/commands-service";
import type { EventStore } from "@taem/event-store";
import type { HandlerConfig } from "@taem/host";
import { createServer, type Limits, type PermissionTable, type Principal, type Route } from "@taem/http";
import type { CommandService } from "@taem/ledger";
import { type Clock, createHealth, createMetrics, derivedKey, systemClock } from "@taem/runtime";
import { Api } from "./api.ts";
import { collectingLogger } from "./collecting-logger.ts";

export interface ServiceOptions {
  readonly store: EventStore;
  /** The same for every instance on one store. */
  readonly hmacKey?: KeyObject;
  readonly clock?: Clock;
  readonly limits?: Partial<Limits>;
  readonly config?: HandlerConfig;
  readonly isSystemInUse?: CommandsPlatform["isSystemInUse"];
  readonly activityOn?: CommandsPlatform["activityOn"];
}

/** One instance of the commands service, served on a port of its own. */
export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly routes: readonly Route[];
  readonly permissions: PermissionTable;
  readonly commands: CommandService;
  /** What it logged as a warning or worse. */
  readonly complaints: readonly string[];
  /** What it logged as an error or worse. */
  readonly errors: readonly string[];
  /** The token of a new key; without a programme, of the whole installation. */
  key(key?: Partial<Omit<Principal, "id" | "key">>): string;
  /** A caller with a key of its own. Closed with the service. */
  api(key?: Partial<Omit<Principal, "id" | "key">>, connections?: number): Api;
  close(): Promise<void>;
}

export const HMAC_KEY = createSecretKey(Buffer.alloc(32, 7));

export async function startService(options: ServiceOptions): Promise<Service> {
  const { store, hmacKey = HMAC_KEY, clock = systemClock, limits = {}, config = {} } = options;
  const { isSystemInUse, activityOn } = options;
  await using undo = new AsyncDisposableStack();
  const { logger, complaints, errors } = collectingLogger();
  const metrics = createMetrics();
  const commands = createCommands(
    {
      ...{ store, logger, metrics, clock, hmacKey },
      ...{ tokenKey: derivedKey(hmacKey, "token"), installation: "test" },
      ...(isSystemInUse && { isSystemInUse }),
      ...(activityOn && { activityOn }),
    },
    config,
  );
  undo.defer(() => commands.close());
  const keys = new Map<string, Principal>();
  const server = undo.use(
    createServer({
      info: { title: "Commands", version: "1", description: "Commands." },
      ...{ routes: commands.routes, problems: commands.problems, permissions: commands.permissions },
      apiKeys: { verify: (token) => keys.get(token) },
      logger,
      metrics,
      health: createHealth(),
      clock,
      // A busy machine takes its time over a thousand commands at once; how long a caller waits is not what is tested.
      limits: { requestMs: 60_000, ...limits },
    }),
  );
  const url = await server.listen(0, "127.0.0.1");
  const started = undo.move();
  const key: Service["key"] = (given = {}) => {
    const token = randomBytes(8).toString("hex");
    const caller = { id: token, key: `${token}-1`, name: "tester", programmes: null };
    keys.set(token, { ...caller, permissions: commands.permissions.names, systems: ["*"], ...given });
    return token;
  };
  const api: Service["api"] = (given, connections) => started.use(new Api(url, key(given), connections));
  const close = () => started.disposeAsync();
  const { routes, permissions, service } = commands;
  return {
    url,
    routes,
    permissions,
    commands: service,
    complaints,
    errors,
    key,
    api,
    close,
    [Symbol.asyncDispose]: close,
  };
}
