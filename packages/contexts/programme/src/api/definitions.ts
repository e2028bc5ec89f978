import type { AnswerOf } from "@taem/http";
import { fields } from "@taem/http";
import { z } from "zod";
import { clock, decimals, earnRule, firstClock, settings, validFrom, zone } from "./definition-values.ts";

const { currencyCode, displayName, instant, programmeCode, ruleName, systemName } = fields;

/** What is proposed. `version`: that it is to be of its definition; without `validFrom` it holds from its approval on. */
export const proposedChange = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("zone"), version: z.int(), zone: z.string() }),
    z.strictObject({
      kind: z.literal("currency_settings"),
      version: z.int(),
      currency: z.string(),
      validFrom: instant.optional(),
      settings: z.strictObject(settings),
    }),
    z.strictObject({
      kind: z.literal("earn_rule"),
      version: z.int(),
      rule: z.string(),
      validFrom: instant.optional(),
      definition: z.strictObject(earnRule),
    }),
  ])
  .meta({ id: "ProposedChange" });

export const difference = z.strictObject({
  field: z.string(),
  before: z.unknown(),
  after: z.unknown(),
});

export const obsolete = z.boolean().meta({
  description:
    "Another version has been published since: it cannot be approved any more, and waits to be rejected or withdrawn.",
});

export const differences = z.array(difference).meta({
  description:
    "Field by field, what the proposal changes in the version published last; null = it has none. A field that was left " +
    "out of the change, and has no default, is taken away.",
});

export const proposalAnswer = z
  .strictObject({
    proposal: z.string(),
    requestedBy: z.string(),
    requestedAt: instant,
    change: proposedChange,
    obsolete,
    differences,
  })
  .meta({ id: "Proposal", description: "A change that waits for a second principal." });

const proposalId = fields.textField<number>({
  id: "ProposalId",
  description: "Id of a proposal, as the answer that made it gave it.",
  pattern: "^[1-9][0-9]{0,9}$",
  examples: ["7"],
  problems: ["malformed_id"],
  decode: (text) =>
    /^[1-9][0-9]{0,9}$/.test(text)
      ? Number(text)
      : new fields.Fault("malformed_id", "is no id that an answer gave"),
  encode: String,
});

const singleHanded = z
  .boolean()
  .optional()
  .meta({
    description:
      "A programme made with `true` is run single-handed: nothing in it needs a second principal, and every report says " +
      "so. `false` ends that for good; a programme that is there cannot begin with it.",
  });

/** The version that was published last, and when it begins to hold. */
const newestVersion = { version: z.int(), validFrom: instant };

const whose = {
  requestedBy: z
    .string()
    .nullable()
    .meta({ description: "Who asked for it; null = it is the first version, or this was not recorded." }),
  approvedBy: z
    .string()
    .nullable()
    .meta({ description: "The second principal; null = none was needed, or this was not recorded." }),
};

/** The versions of a definition in the order of their publication; of those valid at an instant the last published is in force. */
const versionsOf = <S extends z.ZodType>(value: S) => ({
  inForce: z.int().meta({
    description:
      "Number of the version in force on the programme's business clock; before the first begins, the first.",
  }),
  versions: z.array(z.strictObject({ version: z.int(), validFrom: instant, ...whose, value })),
});

/** What changes in a programme itself. */
const mode = {
  singleHanded: z.boolean().meta({
    description: "Whether changes and large adjustments need no second principal.",
  }),
  clock: z
    .strictObject({ mode: z.enum(["live", "replay"]), at: instant.optional() })
    .meta({ description: "`at`: where a replay clock stands." }),
};

/** A programme without what is defined in it. */
export const programmeItem = z.strictObject({
  programme: z.string().meta({ description: "Its code, as in paths." }),
  id: z.string(),
  name: z.string().meta({ description: "Fixed when it was defined." }),
  zone: z.string().meta({ description: "IANA time zone, as published last." }),
  ...mode,
});

const programmeAnswer = z.strictObject({
  ...programmeItem.shape,
  zones: z
    .strictObject(versionsOf(z.string()))
    .meta({ description: "The time zone in force, and all that there have been." }),
  began: z.strictObject(mode).meta({
    description:
      "As it was defined. A replay clock goes live once, single-handed running ends once, both for good.",
  }),
  currencies: z.array(z.strictObject({ currency: z.string(), scale: z.int(), ...newestVersion })),
  rules: z.array(z.strictObject({ rule: z.string(), ...newestVersion })),
  sources: z
    .array(
      z.strictObject({ system: z.string(), keys: z.enum(["account", "programme"]), retired: z.boolean() }),
    )
    .meta({
      description: "Source systems that are declared; the keys of any other are of `account` scope.",
    }),
  proposals: z
    .array(proposalAnswer)
    .meta({ description: "What waits for a second principal, oldest first." }),
  decided: z
    .array(
      z.strictObject({
        proposal: z.string(),
        how: z.enum(["approved", "rejected", "withdrawn"]),
        by: z.string(),
      }),
    )
    .meta({ description: "What became of the last hundred proposals, oldest first." }),
});

const answers = { 200: { description: "The programme as it is now.", schema: programmeAnswer } };
const changing = {
  ...answers,
  202: {
    description:
      "The change waits for a second principal, as this proposal, now or since it was asked for before.",
    schema: proposalAnswer,
  },
};
const SECOND =
  "The first version is published at once, a change of it when a second principal approves it (202); in a programme " +
  "that is run single-handed at once, too.";
const writing = ["value_not_allowed", "outcome_unknown", "conflict_retry_exhausted", "overloaded"] as const;
const PATH = "/v1/programmes/{programme}";
const declared = { permission: "define", tag: "definitions", responses: answers } as const;

const onProposal = {
  ...declared,
  method: "POST",
  params: { programme: programmeCode, id: proposalId },
  body: z.strictObject({}),
  problems: ["proposal_unknown", "proposal_closed", ...writing],
} as const;

const currencyAnswer = z.strictObject({
  currency: z.string(),
  scale: z.int(),
  ...versionsOf(z.strictObject(settings)),
});
const ruleAnswer = z.strictObject({ rule: z.string(), ...versionsOf(z.strictObject(earnRule)) });

/** Programmes, and what is defined in them. */
export const definitions = {
  programme: {
    ...declared,
    method: "PUT",
    path: PATH,
    responses: changing,
    summary: "Define a programme, or change its time zone",
    description:
      "A new programme needs a key of the whole installation. Currencies and rules follow. Putting the same again " +
      "changes nothing, also when the clock has moved on since. Another zone waits for a second principal (202).",
    params: { programme: programmeCode },
    body: z.strictObject({ name: displayName, zone, clock: firstClock, singleHanded }),
    problems: [
      "programme_exists",
      "clock_differs",
      "clock_too_far",
      "not_single_handed",
      "too_many_proposals",
      ...writing,
    ],
  },
  programmeNow: {
    ...declared,
    method: "GET",
    path: PATH,
    permission: ["read", "define", "publish", "finance", "earn", "burn"],
    summary: "A programme and its definitions, as they are and as they were",
    params: { programme: programmeCode },
  },
  currencyNow: {
    ...declared,
    method: "GET",
    path: `${PATH}/currencies/{currency}`,
    permission: ["read", "define", "publish", "finance"],
    summary: "A points currency: its settings in force, and their history",
    params: { programme: programmeCode, currency: currencyCode },
    responses: { 200: { description: "The currency.", schema: currencyAnswer } },
    problems: ["currency_unknown", "programme_unknown"],
  },
  ruleNow: {
    ...declared,
    method: "GET",
    path: `${PATH}/rules/{rule}`,
    permission: ["read", "define", "publish", "finance"],
    summary: "An earn rule: its version in force, and its history",
    params: { programme: programmeCode, rule: ruleName },
    responses: { 200: { description: "The rule.", schema: ruleAnswer } },
    problems: ["rule_unknown", "programme_unknown"],
  },
  currency: {
    ...declared,
    method: "PUT",
    path: `${PATH}/currencies/{currency}`,
    responses: changing,
    summary: "Define a points currency, or change its settings",
    description: SECOND,
    params: { programme: programmeCode, currency: currencyCode },
    body: z.strictObject({ scale: decimals, validFrom, ...settings }),
    problems: ["too_many_proposals", ...writing],
  },
  rule: {
    ...declared,
    method: "PUT",
    path: `${PATH}/rules/{rule}`,
    responses: changing,
    summary: "Publish an earn rule, or change it",
    description: SECOND,
    params: { programme: programmeCode, rule: ruleName },
    body: z.strictObject({ validFrom, ...earnRule }),
    problems: ["currency_unknown", "too_many_proposals", ...writing],
  },
  source: {
    ...declared,
    method: "PUT",
    path: `${PATH}/sources/{system}`,
    summary: "Declare how far the keys of a source system reach, or retire it",
    description:
      "`account`, as of every system that is not declared, or `programme`: one effect whoever the member is (orders, " +
      "receipts). A declaration holds for what is decided after it; a system whose keys are in use with another scope is " +
      "refused. Only clients whose `systems` name it send commands of a system of `programme` scope. A " +
      "retired system takes no new commands, until it is declared again; retries of old ones are answered.",
    params: { programme: programmeCode, system: systemName },
    body: z.strictObject({ keys: z.enum(["account", "programme"]), retired: z.boolean().default(false) }),
    problems: ["too_many_sources", "system_in_use", "read_model_behind", ...writing],
  },
  clock: {
    ...declared,
    method: "PUT",
    path: `${PATH}/clock`,
    summary: "Move a replay clock on, or go live",
    params: { programme: programmeCode },
    body: clock,
    problems: ["clock_live", "clock_backwards", "clock_too_far", ...writing],
  },
  approveProposal: {
    ...onProposal,
    permission: "publish",
    path: `${PATH}/proposals/{id}/approve`,
    summary: "Approve a proposed change, as a second principal",
    description:
      "Decided afresh: it is published as of now, unless it brings its own `validFrom`, and refused where another " +
      "version has been published since it was proposed. Doing the same again changes nothing.",
    problems: ["proposal_obsolete", "approver_must_differ", ...onProposal.problems],
  },
  rejectProposal: {
    ...onProposal,
    permission: "publish",
    path: `${PATH}/proposals/{id}/reject`,
    summary: "Turn a proposed change down, as a second principal",
    problems: ["approver_must_differ", ...onProposal.problems],
  },
  withdrawProposal: {
    ...onProposal,
    path: `${PATH}/proposals/{id}/withdraw`,
    summary: "Take back a change that one has proposed",
    problems: ["requester_must_withdraw", ...onProposal.problems],
  },
} as const;

export type ProgrammeAnswer = AnswerOf<(typeof definitions)["programmeNow"]>;
