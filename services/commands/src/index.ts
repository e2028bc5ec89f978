import type { KeyObject } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import {
  type HandlerConfig,
  type HandlerPlatform,
  openCommandHandler,
  permissionsOf,
  problemsOf,
} from "@taem/host";
import { type PermissionTable, type ProblemTable, type Route, type TokenIssuer, Tokens } from "@taem/http";
import { type ActivityOn, bulkRoutes, CommandService, commandRoutes, ledger } from "@taem/ledger";
import { Enrolments, Members, member, memberRoutes } from "@taem/member";
import { Clients, clientRoutes, People, personRoutes, principal, requireSecond } from "@taem/principal";
import { definitionRoutes, ProgrammeChanges, Programmes, programme } from "@taem/programme";
import { type Metrics, newId } from "@taem/runtime";

/** What the commands service stands on. */
export interface CommandsPlatform extends HandlerPlatform, TokenIssuer {
  readonly hmacKey: KeyObject;
  readonly store: EventStore;
  readonly metrics: Metrics;
  /** When API keys were last used, in milliseconds since the epoch. Without it nobody knows. */
  readonly lastUses?: (keys: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly isSystemInUse?: (programme: string, system: string) => Promise<boolean>;
  readonly activityOn?: ActivityOn;
}

export interface Commands {
  readonly routes: readonly Route[];
  readonly problems: ProblemTable;
  readonly permissions: PermissionTable;
  readonly service: CommandService;
  readonly programmes: Programmes;
  readonly members: Members;
  /** Finishes what has begun. The store stays open. */
  close(): Promise<void>;
}

const contexts = [member, ledger, programme, principal];

/** The write side: decides commands and appends their events. Several on one store are as correct as one. */
export function createCommands(platform: CommandsPlatform, config: HandlerConfig = {}): Commands {
  const { store, clock, isSystemInUse, activityOn } = platform;
  const { lastUses = async () => new Map() } = platform;
  const handler = openCommandHandler(platform, config);
  const tools = { ...platform, handler, newId, tokens: new Tokens(platform) };
  const now = () => clock.now();
  const permissions = permissionsOf(contexts);
  const second = (requestedBy: string, approver: string) => requireSecond(store, requestedBy, approver);
  const programmes = new Programmes(tools);
  const members = new Members(tools);
  const enrolments = new Enrolments({ handler: () => handler, newId }, members);
  const changes = new ProgrammeChanges(tools, programmes, { requireSecond: second, isSystemInUse });
  const service = new CommandService(tools, {
    programmes,
    members,
    enrolments,
    requireSecond: second,
    activityOn,
  });
  return {
    // The busiest first: routes are matched in their order.
    routes: [
      ...memberRoutes({ members, enrolments, programmes, now }),
      ...commandRoutes(service),
      ...bulkRoutes(service),
      ...definitionRoutes({ programmes, changes, now }),
      ...personRoutes({ people: new People({ handler, store }), lastUses }),
      ...clientRoutes({ clients: new Clients({ handler, now }), lastUses, permissions }),
    ],
    problems: problemsOf(contexts),
    permissions,
    service,
    programmes,
    members,
    close: () => handler.close(),
  };
}
