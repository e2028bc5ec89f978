import { setImmediate as breathe } from "node:timers/promises";
import type { EventStore } from "@taem/event-store";
import { ApiError, type AuthenticatedContext } from "@taem/http";
import type { Transactional } from "@taem/postgres";
import { businessNow, type Programme } from "@taem/programme/definitions";
import type { Clock } from "@taem/runtime";
import { readModelCut } from "../queries/cut.ts";
import { programmeAt } from "../queries/programme-history.ts";
import { type CurrencyReport, makeReport, type ReportQuestion } from "../queries/report.ts";
import { type ReportCut, reportCut } from "../queries/report-cut.ts";
import { ZoneHistory } from "../read-model/zone-history.ts";
import { ReportLimiter } from "./report-limiter.ts";
import { currenciesOf, type Requests } from "./request.ts";
import type { ReportQuery } from "./view.ts";

export interface ReportPlatform {
  readonly database: Transactional;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly requests: Requests;
}

/** A cut, and whether it lies ahead of the clock by which it was known. */
export interface Standpoint {
  readonly programme: Programme;
  readonly cut: ReportCut;
  /** Whether the programme was run single-handed at the cut. */
  readonly singleHanded: boolean;
  readonly isForecast: boolean;
}

export interface MadeReport extends Standpoint {
  readonly reports: readonly CurrencyReport[];
}

/** Takes the questions of finance, and gives each the cut and the turn that it needs. */
export class ReportDesk {
  readonly #platform: ReportPlatform;
  readonly #limiter = new ReportLimiter();
  readonly #zones: ZoneHistory;

  constructor(platform: ReportPlatform) {
    this.#platform = platform;
    this.#zones = new ZoneHistory(platform.store);
  }

  async report(
    code: string,
    asked: ReportQuery,
    { deadline, signal, principal }: AuthenticatedContext,
    more: Pick<ReportQuestion, "largest" | "span">,
  ): Promise<MadeReport> {
    const { database, store, clock, requests } = this.#platform;
    checkFields(asked);
    const programme = await requests.wholeProgramme(code);
    const currencies = currenciesOf(programme, asked.currency);
    const { standpoint } = await requests.reach.everywhere(programme.id, asked, deadline, {
      read: () => this.#standpoint(programme, asked),
      upTo: ({ projected }) => projected,
    });
    await this.#zones.refresh([programme.id]);
    const step = async () => {
      signal.throwIfAborted();
      await breathe();
    };
    const wanted = {
      programme: programme.id,
      caller: principal.id,
      waitMs: deadline - clock.now(),
      signal,
    };
    const made = await this.#limiter.run(wanted, () =>
      makeReport({ database, store, zones: this.#zones, step }, { cut: standpoint.cut, currencies, ...more }),
    );
    return { ...standpoint, reports: made };
  }

  /** With the position up to which there are rows. */
  async #standpoint(
    programme: Programme,
    asked: ReportQuery,
  ): Promise<{ readonly standpoint: Standpoint; readonly projected: string }> {
    const { database, store, clock } = this.#platform;
    const { asOf, through, knownAt } = asked;
    const { position: projected } = await readModelCut(database);
    const known = knownAt === undefined ? asked.position : await store.positionAt(knownAt);
    if (asked.position !== undefined) checkPosition(asked.position, projected);
    const position = known !== undefined && known < projected ? known : projected;
    const defined = (await programmeAt(store, programme.id, position)) ?? programme;
    const now = knownAt === undefined ? businessNow(programme, clock.now()) : businessNow(defined, knownAt);
    const cut = reportCut(defined, position, { asOf, through, now });
    const standpoint = { programme, cut, singleHanded: defined.singleHanded, isForecast: cut.at > now };
    return { standpoint, projected };
  }
}

function checkFields({ asOf, through, knownAt, position }: ReportQuery): void {
  const conflict = (detail: string) => new ApiError("conflicting_fields", { detail });
  if (asOf !== undefined && through !== undefined) throw conflict("give asOf or through, not both");
  if (knownAt !== undefined && position !== undefined) throw conflict("give knownAt or position, not both");
}

function checkPosition(position: string, projected: string): void {
  if (position.length !== projected.length)
    throw new ApiError("malformed_value", {
      detail: "query /position: must be a position that an answer named",
    });
  if (position > projected)
    throw new ApiError("read_model_behind", {
      detail: `the read model has not reached position ${position} yet`,
    });
}
