import { cursor, cutSchema, fields } from "@taem/http";
import { z } from "zod";
import type { permissions as own } from "../permissions.ts";
import { LABEL } from "../person.ts";
import { roleNames, roles } from "../roles.ts";

const { consistency, instant, pageSize, programmeCode } = fields;

const personId = fields.textField<string>({
  id: "PersonId",
  description: "Id of a person.",
  pattern: "^[0-9a-f]{16}$",
  examples: ["8c0de1f2a3b4c5d6"],
  problems: ["malformed_id"],
  decode: (text) =>
    /^[0-9a-f]{16}$/.test(text) ? text : new fields.Fault("malformed_id", "must be 16 hexadecimal digits"),
  encode: (id) => id,
});

const label = fields.textField<string>({
  id: "PersonLabel",
  description:
    "What the employer's own books know the person by, such as a staff number: no name, address or phone number. It stays for ever.",
  pattern: LABEL.source,
  examples: ["staff-1042"],
  problems: ["malformed_value"],
  decode: (text) =>
    LABEL.test(text)
      ? text
      : new fields.Fault("malformed_value", "must have 1 to 32 letters, digits, and . _ / -"),
  encode: (text) => text,
});

/** Whoever has it manages people, and no client gives it to another. */
export const MANAGES_PEOPLE: keyof typeof own = "people";

const anywhere = roleNames.filter((name) => "ofInstallation" in roles[name]);

const held = z.array(
  z.strictObject({
    role: z.enum(roleNames).meta({
      description: roleNames.map((name) => `\`${name}\` ${roles[name].does}`).join("; "),
    }),
    programme: programmeCode.optional().meta({
      description: `Left out = the whole installation, for ${anywhere.map((name) => `\`${name}\``).join(", ")} alone.`,
    }),
  }),
);

const rights = {
  roles: held.max(100).meta({
    description:
      "Those in programmes that the caller reaches. `users.admin` beside a role that adjusts or approves, and `auditor` beside one that " +
      "changes anything, are refused, in whatever programmes.",
  }),
};

const personAnswer = z.strictObject({
  person: z.string(),
  label: z.string().nullable(),
  deactivated: z.boolean(),
  roles: z
    .array(
      z.strictObject({
        role: z.string(),
        programme: z.string().nullable().meta({ description: "null = the whole installation." }),
      }),
    )
    .meta({ description: "Those in programmes that the caller reaches." }),
  lastSeenAt: instant
    .nullable()
    .meta({ description: "To a minute or so; null = never, as far as is known." }),
});

const PATH = "/v1/people";
const PERSON = `${PATH}/{person}` as const;
const declared = { permission: MANAGES_PEOPLE, tag: "people" } as const;
const reading = ["overloaded", "outcome_unknown", "conflict_retry_exhausted"] as const;
const granting = [
  ...reading,
  "programme_unknown",
  "role_needs_programme",
  "roles_conflict",
  "value_not_allowed",
] as const;
const ending = ["person_unknown", "keeper_must_differ"] as const;
const person = { person: personId };
const asItIs = { 200: { description: "The person as it stands now.", schema: personAnswer } };

/**
 * The people who work with the product, as whoever may manage them does so. Of those who hold no role in a programme that the
 * caller reaches it learns nothing.
 */
export const peopleRoutes = {
  add: {
    ...declared,
    method: "POST",
    path: PATH,
    summary: "Add a person",
    description:
      "Who reaches but some programmes gives a role in one of them. If the answer is lost, a person may have been added whom nobody " +
      "knows, and who cannot sign in: add another.",
    body: z.strictObject({ label: label.optional(), ...rights }),
    responses: { 201: { description: "The person.", schema: personAnswer } },
    problems: ["role_required", ...granting],
  },
  list: {
    ...declared,
    method: "GET",
    path: PATH,
    summary: "The people whom the caller may manage, with the roles held",
    description:
      "By their ids: those who hold a role in a programme that the caller reaches; to one who reaches the whole installation, all.",
    query: {
      consistency,
      limit: pageSize(20, 100),
      cursor: cursor(z.tuple([z.string().regex(/^[0-9a-f]{16}$/)])).optional(),
    },
    responses: {
      200: {
        description: "A page of people.",
        schema: z.strictObject({ cut: cutSchema, items: z.array(personAnswer), next: z.string().optional() }),
      },
    },
    problems: ["read_model_behind"],
  },
  person: {
    ...declared,
    method: "GET",
    path: PERSON,
    summary: "A person with the roles held",
    params: person,
    responses: asItIs,
    problems: ["person_unknown", ...reading],
  },
  setRoles: {
    ...declared,
    method: "PUT",
    path: `${PERSON}/roles`,
    summary: "Give a person these roles in place of those held in programmes that the caller reaches",
    description: "Takes effect within seconds. Nobody changes their own.",
    params: person,
    body: z.strictObject(rights),
    responses: asItIs,
    problems: [...ending, "person_deactivated", ...granting],
  },
  deactivate: {
    ...declared,
    method: "POST",
    path: `${PERSON}/deactivation`,
    summary: "End what a person may do, for ever",
    description:
      "Takes effect within seconds. Takes a caller who reaches all that the person holds roles in.",
    params: person,
    responses: asItIs,
    problems: [...ending, ...reading],
  },
} as const;

export type PersonAnswer = z.input<typeof personAnswer>;
