import { type Route, route } from "@taem/http";
import { ledgerBody, outstandingBody, reportHead } from "./report-answers.ts";
import { ReportDesk, type ReportPlatform } from "./report-desk.ts";
import { reports } from "./reports.ts";
import { rollForwardBody, spanOf } from "./roll-forward.ts";

export function reportRoutes(platform: ReportPlatform): Route[] {
  const desk = new ReportDesk(platform);
  return [
    route({
      ...reports.trialBalance,
      handler: async ({ params, query }, context) => {
        const made = await desk.report(params.programme, query, context, { largest: undefined });
        const currencies = made.reports.map(ledgerBody);
        return { status: 200, body: { ...reportHead(made, query), currencies } };
      },
    }),
    route({
      ...reports.outstanding,
      handler: async ({ params, query }, context) => {
        const made = await desk.report(params.programme, query, context, { largest: query.largest });
        const currencies = made.reports.map(outstandingBody);
        return { status: 200, body: { ...reportHead(made, query), currencies } };
      },
    }),
    route({
      ...reports.rollForward,
      handler: async ({ params, query }, context) => {
        const asked = { ...query, asOf: undefined, through: query.to };
        const span = spanOf(query);
        const made = await desk.report(params.programme, asked, context, { largest: undefined, span });
        const currencies = made.reports.map((report) => rollForwardBody(report, query));
        return { status: 200, body: { ...reportHead(made, asked), from: query.from, currencies } };
      },
    }),
  ];
}
