import { createApiKey, fields, SCOPES, type Scope } from "@taem/http";
import { Command, InvalidArgumentError } from "commander";
import { readConfig } from "./config.ts";
import { openToolPlatform } from "./platform.ts";

/** `taem key create|revoke|list`: the keys that callers authenticate with. */
export function keyCommand(print: (line: string) => void): Command {
  const command = new Command("key").description("manage API keys");
  command
    .command("create")
    .description("make a key and print its token, which is shown this once")
    .requiredOption("--name <name>", "who uses it: the actor of what it does", parseName)
    .requiredOption("--scopes <scopes>", `comma-separated: ${SCOPES.join(", ")}`, parseScopes)
    .option(
      "--programme <code>",
      "the only programme it reaches; without it, the whole installation",
      parseProgramme,
    )
    .action(async (options: { name: string; scopes: Scope[]; programme?: string }) => {
      await using platform = await openToolPlatform(readConfig(process.env), "writes");
      const { name, scopes, programme = null } = options;
      const { token } = await createApiKey(platform.apiKeyStore, { name, scopes, programme });
      print(token);
    });
  command
    .command("revoke <keyId>")
    .description("make a key useless; takes effect within seconds")
    .action(async (keyId: string) => {
      await using platform = await openToolPlatform(readConfig(process.env), "writes");
      if (!(await platform.apiKeyStore.revoke(keyId))) throw new Error(`there is no key ${keyId}`);
      print(`${keyId} is revoked`);
    });
  command
    .command("list")
    .description("list the keys")
    .action(async () => {
      await using platform = await openToolPlatform(readConfig(process.env));
      for (const { keyId, name, programme, scopes, revokedAt } of await platform.apiKeyStore.list()) {
        const state = revokedAt === null ? "active " : "revoked";
        print(`${keyId}  ${state}  ${programme ?? "(all programmes)"}  ${scopes.join(",")}  ${name}`);
      }
    });
  return command;
}

const MAX_NAME = 100;

/** It stands in every event of the key, and in lists. */
function parseName(text: string): string {
  const name = fields.canonicalName(text.trim());
  if (fields.isName(name, MAX_NAME)) return name;
  throw new InvalidArgumentError(`a name has 1 to ${MAX_NAME} printable characters`);
}

function parseProgramme(text: string): string {
  if (fields.programmeCode.safeParse(text).success) return text;
  throw new InvalidArgumentError("a programme's code has lower-case letters, digits and -, as in the-1");
}

function parseScopes(text: string): Scope[] {
  const scopes = text.split(",").map((scope) => scope.trim());
  const unknown = scopes.find((scope) => !SCOPES.includes(scope as Scope));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`${unknown} is not a scope; use ${SCOPES.join(", ")}`);
  return scopes as Scope[];
}
