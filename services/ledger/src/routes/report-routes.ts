import { reports } from "@taem/api";
import { type Route, route } from "@taem/http";
import { ledgerBody, outstandingBody, reportHead } from "./report-answers.ts";
import { ReportDesk, type ReportPlatform } from "./report-desk.ts";

export function reportRoutes(platform: ReportPlatform): Route[] {
  const desk = new ReportDesk(platform);
  return [
    route({
      ...reports.trialBalance,
      handler: async ({ params, query }, context) => {
        const made = await desk.report(params.programme, query, context, undefined);
        const currencies = made.reports.map(ledgerBody);
        return { status: 200, body: { ...reportHead(made, query), currencies } };
      },
    }),
    route({
      ...reports.outstanding,
      handler: async ({ params, query }, context) => {
        const made = await desk.report(params.programme, query, context, query.largest);
        const currencies = made.reports.map(outstandingBody);
        return { status: 200, body: { ...reportHead(made, query), currencies } };
      },
    }),
  ];
}
