import { openToolPlatform, readConfig } from "@taem/host";
import { fields } from "@taem/http";
import {
  type HeldRole,
  KeyUses,
  LABEL,
  type Person,
  peopleAfter,
  readPeople,
  roleNames,
} from "@taem/principal";
import { OperatorError } from "@taem/runtime";
import { Command, InvalidArgumentError } from "commander";
import { asOperator, parseProgramme } from "./client-command.ts";
import { contexts } from "./contexts.ts";
import { type Column, table } from "./text-table.ts";
import { noteUnknownProgrammes } from "./unknown-programmes.ts";

type Print = (line: string) => void;

/** `taem person create|roles|end|list`: the people who work with the product, and what each may do. */
export function personCommand(print: Print): Command {
  const command = new Command("person").description("manage people: who works with it, in which roles");
  withRoles(
    command
      .command("create")
      .description("add a person with roles, and print the person's id")
      .option(
        "--label <label>",
        "what your own books know the person by, such as a staff number; no name",
        parseLabel,
      ),
  ).action(async ({ label, role }: { label?: string; role: readonly HeldRole[] }) => {
    await asOperator(async ({ people, asking }, _, platform) => {
      const { id, roles } = await people.add(label, role, asking);
      print(id);
      await noteUnknownProgrammes(
        platform,
        roles.map(({ programme }) => programme),
      );
    });
  });
  withRoles(
    command
      .command("roles")
      .description("give a person these roles in place of those held; takes effect within seconds")
      .argument("<person>", "its id", parsePerson),
  ).action(async (person: string, { role }: { role: readonly HeldRole[] }) => {
    await asOperator(async ({ people, asking }, _, platform) => {
      const { roles } = await people.setRoles(person, role, asking);
      print(`${person} has the roles ${rolesText(roles)}`);
      await noteUnknownProgrammes(
        platform,
        roles.map(({ programme }) => programme),
      );
    });
  });
  command
    .command("end")
    .description("end what a person may do, for ever; takes effect within seconds")
    .argument("<person>", "its id", parsePerson)
    .action(async (person: string) => {
      await asOperator(async ({ people, asking }) => {
        await people.deactivate(person, asking);
        print(`${person} may do nothing any more`);
      });
    });
  command
    .command("list")
    .description("list people with their roles, and when each was last there")
    .option("--programme <code>", "only those who hold a role in this programme", parseProgramme)
    .action(({ programme }: { programme?: string }) => listPeople(programme, print));
  return command;
}

function withRoles(command: Command): Command {
  return command.option(
    "--role <role[@programme]>",
    `one of ${roleNames.join(", ")}, in a programme by its code; repeat it for more`,
    parseRole,
    [],
  );
}

const COLUMNS: readonly Column[] = ["person", "label", "state", "roles", "last seen"].map((title) => ({
  title,
  align: "left",
}));
const PAGE = 100;
const NONE = "-";

/** Throws `people_not_listed` where no ledger has projected them. */
async function listPeople(programme: string | undefined, print: Print): Promise<void> {
  await using platform = await openToolPlatform(readConfig(process.env), contexts);
  await using undo = new AsyncDisposableStack();
  const uses = undo.adopt(new KeyUses(platform.database, platform.logger), (opened) => opened.close());
  const programmes = programme === undefined ? null : [programme];
  const lines: string[][] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const ids = await peopleAfter(platform.database, programmes, PAGE, after);
    if (ids === undefined) throw notListed();
    const lastUses = await uses.lastUses(ids);
    for (const person of await readPeople(platform.store, ids))
      lines.push(lineOf(person, lastUses.get(person.id)));
    after = ids.length < PAGE ? undefined : ids.at(-1);
  }
  for (const line of table(COLUMNS, lines)) print(line);
}

function notListed(): OperatorError {
  const detail = "no ledger of this version has projected the people yet: start one, and list them then";
  return new OperatorError("people_not_listed", detail);
}

function lineOf({ id, label, isActive, roles }: Person, lastSeen: number | undefined): string[] {
  const seen = lastSeen === undefined ? NONE : fields.formatInstant(lastSeen);
  return [id, label ?? NONE, isActive ? "active" : "ended", rolesText(roles), seen];
}

function rolesText(roles: readonly HeldRole[]): string {
  const texts = roles.map(({ role, programme }) => (programme === null ? role : `${role}@${programme}`));
  return texts.join(",") || NONE;
}

function parseRole(text: string, before: readonly HeldRole[]): readonly HeldRole[] {
  const [role = "", programme, ...rest] = text.split("@");
  if (!roleNames.some((name) => name === role) || rest.length > 0)
    throw new InvalidArgumentError(`${text} is not a role; use ${roleNames.join(", ")}, as in cashier@the-1`);
  return [...before, { role, programme: programme === undefined ? null : parseProgramme(programme) }];
}

function parseLabel(text: string): string {
  if (LABEL.test(text)) return text;
  throw new InvalidArgumentError("a label has 1 to 32 letters, digits, and . _ / -, as in staff-1042");
}

function parsePerson(text: string): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  throw new InvalidArgumentError("a person's id has 16 hexadecimal digits");
}
