import { type AnswerOf, fields, type Route, route } from "@taem/http";
import { type Version, versionAt } from "@taem/kernel";
import type { Programmes } from "../application/programmes.ts";
import { businessNow } from "../definitions.ts";
import { ProgrammeError } from "../problems.ts";
import { definitions } from "./definitions.ts";
import { settingsBody, wireForm } from "./proposal-body.ts";

type CurrencyAnswer = AnswerOf<(typeof definitions)["currencyNow"]>;
type RuleAnswer = AnswerOf<(typeof definitions)["ruleNow"]>;

/** Definitions with the version in force, and all that there have been. */
export function historyRoutes(programmes: Programmes, now: () => number): Route[] {
  const newest = async (code: string) => programmes.refresh(await programmes.get(code));
  return [
    route({
      ...definitions.currencyNow,
      handler: async ({ params }) => {
        const programme = await newest(params.programme);
        const currency = programme.currencies.get(params.currency);
        if (currency === undefined) throw new ProgrammeError("currency_unknown");
        const { code, scale, settings } = currency;
        const history = historyBody(settings, businessNow(programme, now()), settingsBody);
        return { status: 200, body: { currency: code, scale, ...history } as CurrencyAnswer };
      },
    }),
    route({
      ...definitions.ruleNow,
      handler: async ({ params }) => {
        const programme = await newest(params.programme);
        const versions = programme.rules.get(params.rule);
        if (versions === undefined) throw new ProgrammeError("rule_unknown");
        const history = historyBody(versions, businessNow(programme, now()));
        return { status: 200, body: { rule: params.rule, ...history } as RuleAnswer };
      },
    }),
  ];
}

/** All versions, and which of them is in force at an instant. */
export function historyBody<T>(
  versions: readonly Version<T>[],
  at: number,
  bodyOf: (value: T) => unknown = wireForm,
) {
  const inForce = versionAt(versions, at) ?? versions[0];
  return {
    inForce: inForce?.version ?? 0,
    versions: versions.map(({ version, validFrom, requestedBy = null, approvedBy = null, value }) => ({
      version,
      validFrom: fields.formatInstant(validFrom),
      requestedBy,
      approvedBy,
      value: bodyOf(value),
    })),
  };
}
