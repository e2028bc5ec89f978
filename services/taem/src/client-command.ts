import { dataPlaceOf, openToolPlatform, type Platform, permissionsOf, readConfig } from "@taem/host";
import { fields, isNetwork } from "@taem/http";
import { isLive, type KeyTerms, keyId, type MintedKey, type NewClient } from "@taem/principal";
import { durationSetting } from "@taem/runtime";
import { Command, InvalidArgumentError } from "commander";
import { listClients } from "./client-list.ts";
import { contexts } from "./contexts.ts";
import { OperatorClients } from "./operator-clients.ts";
import { noteUnknownProgrammes } from "./unknown-programmes.ts";

const permissionTable = permissionsOf(contexts);

type Print = (line: string) => void;

interface Terms {
  readonly expires?: number;
  readonly addresses?: readonly string[];
}

interface Rights {
  readonly permissions: readonly string[];
  readonly systems?: readonly string[];
}

/** `taem client list|create|change|revoke`: the programs that call the API, and what each may do. */
export function clientCommand(print: Print): Command {
  const command = new Command("client").description("manage clients: the programs that call the API");
  command
    .command("list")
    .description(
      "list clients with their API keys: what each may do, until when, from where, and when it was last used",
    )
    .option("--programme <code>", "only those that are bound to this programme", parseProgramme)
    .action(({ programme }: { programme?: string }) => listClients(programme, print));
  withTerms(
    withRights(
      command
        .command("create")
        .description(
          "make a client with its first API key, and print the key's token, which is shown this once",
        )
        .requiredOption("--name <name>", "who it is: the actor of what it does, for ever", parseName)
        .option(
          "--programme <code>",
          "the only programme it reaches; without it, the whole installation",
          parseProgramme,
        ),
    ),
  ).action(async (options: { name: string; programme?: string } & Rights & Terms) => {
    await asOperator(async ({ clients, asking }, now, platform) => {
      const { name, programme = null } = options;
      const client: NewClient = { name, programme, ...rightsOf(options) };
      show(await clients.create(client, asking, termsOf(options, now)), print);
      await noteUnknownProgrammes(platform, [programme]);
    });
  });
  withRights(
    command
      .command("change")
      .description("give a client these permissions and systems in place of what it has")
      .argument("<client>", "its id, the first part of a token", parseClient),
  ).action(async (client: string, options: Rights) => {
    await asOperator(async ({ clients, asking }, now) => {
      const changed = await clients.change(client, rightsOf(options), asking);
      const live = [...changed.keys.values()].filter((key) => isLive(changed, key, now));
      const keys = live.map(({ no }) => keyId({ client, no })).join(", ") || "none";
      print(`${client} is changed; it takes effect within seconds, for each of its API keys: ${keys}`);
    });
  });
  command
    .command("revoke")
    .description("make a client and all its API keys useless, for ever; takes effect within seconds")
    .argument("<client>", "its id", parseClient)
    .action(async (client: string) => {
      await asOperator(async ({ clients, asking }) => {
        await clients.revoke(client, asking);
        print(`${client} is revoked`);
      });
    });
  return command;
}

/** An operator at work: what is done, in whose name, at what time of the server's. */
export async function asOperator(
  work: (
    operator: {
      readonly clients: OperatorClients["clients"];
      readonly people: OperatorClients["people"];
      readonly asking: ReturnType<OperatorClients["asking"]>;
    },
    now: number,
    platform: Platform,
  ) => Promise<void>,
): Promise<void> {
  const config = readConfig(process.env);
  await using platform = await openToolPlatform(config, contexts, "writes");
  if (platform.isNew) process.stderr.write(`a new installation has begun in ${dataPlaceOf(config)}\n`);
  await using operator = new OperatorClients(platform);
  const { clients, people } = operator;
  await work({ clients, people, asking: operator.asking() }, platform.clock.now(), platform);
}

/** The token alone goes to standard output, so that a script can keep it. */
export function show({ key, token }: MintedKey, print: Print): void {
  print(token);
  process.stderr.write(`API key ${keyId(key)} of client ${key.client}; this token is not shown again\n`);
}

export function withTerms(command: Command): Command {
  return command
    .option(
      "--expires <duration>",
      "how long the API key lasts, such as 90d; without it, until revoked",
      parseDuration,
    )
    .option(
      "--addresses <networks>",
      "networks that the API key may be used from, such as 192.0.2.0/24; without it, any",
      parseNetworks,
    );
}

export function termsOf({ expires, addresses }: Terms, now: number): KeyTerms {
  return {
    ...(expires === undefined ? {} : { expiresAt: now + expires }),
    ...(addresses === undefined ? {} : { addresses }),
  };
}

function withRights(command: Command): Command {
  return command
    .requiredOption(
      "--permissions <permissions>",
      `comma-separated: ${permissionTable.names.join(", ")}; admin is short for ${permissionTable.ofAdmin.join(",")}`,
      parsePermissions,
    )
    .option(
      "--systems <systems>",
      "source systems that it may name, comma-separated, * for any; without it, those that no programme has declared as its own",
      parseSystems,
    );
}

function rightsOf({ permissions, systems = undefined }: Rights): Pick<NewClient, "permissions" | "systems"> {
  return { permissions: permissionTable.named(permissions), systems: systems ?? null };
}

const MAX_NAME = 100;

/** It stands in every event of the client, and in lists. */
function parseName(text: string): string {
  const name = fields.canonicalName(text.trim());
  if (fields.isLikeAnActor(name))
    throw new InvalidArgumentError("a name must not look like the id of a client: leave (...) out");
  if (fields.isName(name, MAX_NAME)) return name;
  throw new InvalidArgumentError(`a name has 1 to ${MAX_NAME} printable characters`);
}

export function parseProgramme(text: string): string {
  if (fields.programmeCode.safeParse(text).success) return text;
  throw new InvalidArgumentError("a programme's code has lower-case letters, digits and -, as in the-1");
}

export function parseClient(text: string): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  throw new InvalidArgumentError("a client's id has 16 hexadecimal digits: the first part of a token");
}

export function parseDuration(text: string): number {
  const parsed = durationSetting().safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError("a duration is a number with ms, s, m, h or d, as in 90d");
}

function listed(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

function parsePermissions(text: string): string[] {
  const names = listed(text);
  const unknown = permissionTable.unknownAmong(names);
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`${unknown} is not a permission; use ${permissionTable.names.join(", ")}`);
}

function parseSystems(text: string): string[] {
  const systems = listed(text);
  const wrong = systems.find((system) => system !== "*" && !fields.systemName.safeParse(system).success);
  if (wrong === undefined) return systems;
  throw new InvalidArgumentError(
    `${wrong} is no name of a system: it has lower-case letters, digits, - and _, as in pos`,
  );
}

function parseNetworks(text: string): string[] {
  const networks = listed(text);
  const wrong = networks.find((network) => !isNetwork(network));
  if (wrong === undefined) return networks;
  throw new InvalidArgumentError(
    `${wrong} is no network: give an address or a CIDR range, as in 192.0.2.0/24`,
  );
}
