import { type KeyName, parseKeyId } from "@taem/principal";
import { Command, InvalidArgumentError, Option } from "commander";
import { asOperator, parseClient, parseDuration, show, termsOf, withTerms } from "./client-command.ts";

interface Terms {
  readonly expires?: number;
  readonly addresses?: readonly string[];
}

const DAY_MS = 86_400_000;

/** `taem key create|rotate|revoke`: the API keys that clients authenticate with. */
export function keyCommand(print: (line: string) => void): Command {
  const command = new Command("key").description("manage the API keys of clients");
  withTerms(
    command
      .command("create")
      .description("make another API key of a client, and print its token, which is shown this once")
      .requiredOption("--client <client>", "the client's id", parseClient),
  ).action(async (options: { client: string } & Terms) => {
    await asOperator(async ({ clients, asking }, now) =>
      show(await clients.createKey(options.client, asking, termsOf(options, now)), print),
    );
  });
  withTerms(
    command
      .command("rotate")
      .description(
        "make an API key that takes the place of another, and print its token; both work for a while",
      )
      .argument("<key>", "id of the API key whose place it takes, <client>-<number>", parseKey)
      .addOption(
        new Option("--overlap <duration>", "how long the other still works")
          .argParser(parseDuration)
          .default(DAY_MS, "1d"),
      ),
  ).action(async (key: KeyName, options: { overlap: number } & Terms) => {
    await asOperator(async ({ clients, asking }, now) =>
      show(await clients.rotateKey(key, options.overlap, asking, termsOf(options, now)), print),
    );
  });
  command
    .command("revoke")
    .description("make an API key useless; takes effect within seconds")
    .argument("<key>", "its id, <client>-<number>", parseKey)
    .action(async (key: KeyName) => {
      await asOperator(async ({ clients, asking }) => {
        await clients.revokeKey(key, asking);
        print(`API key ${key.no} of client ${key.client} is revoked`);
      });
    });
  return command;
}

function parseKey(text: string): KeyName {
  const key = parseKeyId(text);
  if (key !== undefined) return key;
  throw new InvalidArgumentError("an API key's id is its client's with its number, as in 5f1c2a0b9d8e7f60-2");
}
