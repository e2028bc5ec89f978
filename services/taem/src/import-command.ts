import { Command, Option } from "commander";

interface Options {
  readonly mapping?: string;
  readonly url: string;
  readonly key?: string;
  readonly programme?: string;
  readonly duplicates?: "keep" | "reject";
  readonly state?: string;
  readonly goLive?: boolean;
  readonly check?: boolean;
}

/** `taem import`: a file of transactions becomes members, earns and returns, through the API. */
export function importCommand(): Command {
  return new Command("import")
    .description(
      "import a file of transactions or opening balances; running it again goes on, or changes nothing",
    )
    .argument("<file>", "delimited text, also packed with gzip, or an Excel file; - is standard input")
    .option("--mapping <file>", "how its columns are to be read")
    .option("--check", "say what would happen, without a server; without a mapping, propose one")
    .option("--url <url>", "where the API is served, with or without its /v1", "http://127.0.0.1:8080/v1")
    .option(
      "--key <token>",
      "API key of a client with the permissions earn, opening and define; or TAEM_KEY in the environment",
    )
    .option("--programme <code>", "the programme; without it, the one the mapping names")
    .addOption(
      new Option("--duplicates <how>", "identical rows: keep (each is a transaction) or reject")
        .choices(["keep", "reject"])
        .default("keep"),
    )
    .option("--state <folder>", "where position and reports are kept; without it, beside the file")
    .option("--go-live", "let the programme's clock go live when the import is complete")
    .action(async (file: string, { check, ...options }: Options, command: Command) => {
      const { checkCommand, importCommand: runImport } = await import("@taem/import");
      const terminal = { in: process.stdin, out: process.stdout, err: process.stderr, signals: process };
      const { mapping } = options;
      if (check) process.exitCode = await checkCommand({ ...options, file }, terminal);
      else if (mapping === undefined) {
        const message =
          "error: required option '--mapping <file>' not specified; --check alone proposes a mapping";
        command.error(message, { exitCode: 2 });
      } else {
        await assertKeyNotInClear(options.url);
        const key = options.key ?? process.env["TAEM_KEY"];
        process.exitCode = await runImport({ ...options, mapping, file, key }, terminal);
      }
    });
}

/** Throws `plaintext_refused` where the key would go to another machine by HTTP. */
async function assertKeyNotInClear(url: string): Promise<void> {
  if (process.env["TAEM_PLAINTEXT"] === "allow" || !URL.canParse(url)) return;
  const { isLoopback, OperatorError } = await import("@taem/runtime");
  const { protocol, hostname } = new URL(url);
  if (protocol === "https:" || isLoopback(hostname)) return;
  throw new OperatorError(
    "plaintext_refused",
    `the API key would reach ${hostname} in clear: give a --url that begins with https://, or, on a network that is private, ` +
      "set TAEM_PLAINTEXT=allow",
  );
}
