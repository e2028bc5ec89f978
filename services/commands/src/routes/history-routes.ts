import { definitions, type RouteAnswer, settingsBody, wireForm } from "@taem/api";
import { ApiError, fields, type Route, route } from "@taem/http";
import { type Version, versionAt } from "@taem/kernel";
import { businessNow } from "@taem/programme/definitions";
import { asProblem, type CommandService } from "../command-service.ts";

type CurrencyAnswer = RouteAnswer<"GET /v1/programmes/{programme}/currencies/{currency}">;
type RuleAnswer = RouteAnswer<"GET /v1/programmes/{programme}/rules/{rule}">;

/** Definitions with the version in force, and all that there have been. */
export function historyRoutes({ programmes }: CommandService, now: () => number): Route[] {
  const newest = async (code: string) => {
    try {
      return await programmes.refresh(await programmes.get(code));
    } catch (error) {
      throw asProblem(error);
    }
  };
  return [
    route({
      ...definitions.currencyNow,
      handler: async ({ params }) => {
        const programme = await newest(params.programme);
        const currency = programme.currencies.get(params.currency);
        if (currency === undefined) throw new ApiError("currency_unknown");
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
        if (versions === undefined) throw new ApiError("rule_unknown");
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
