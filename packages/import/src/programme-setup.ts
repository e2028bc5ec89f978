import { type Client, type CurrencyBody, isRefusal, type ProgrammeAnswer, type RuleBody } from "@taem/client";
import type { Mapping } from "./mapping.ts";
import { type KeylessBy, systemOf } from "./row-ids.ts";

/** The programme cannot take the import as it is; the rows are not at fault. */
export class ImportRefused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = "ImportRefused";
    this.code = code;
  }
}

/**
 * Definitions are made here or by hand, so the clock of a new programme begins before any transaction: in whatever zone, on
 * a day of 1970.
 */
const BEGINNING = "1970-01-02T00:00:00.000Z";

/** Before anything is done there is nothing to be patient for: the address is probably wrong. */
const FIRST_CONTACT_MS = 3_000;

export interface PreparedProgramme {
  readonly programme: ProgrammeAnswer;
  readonly keylessBy: KeylessBy;
}

/**
 * The programme as the import needs it: what the mapping defines and the programme lacks is defined, what it has is
 * left alone. Throws `ImportRefused` if the mapping and the programme do not fit.
 */
export async function prepareProgramme(
  client: Client,
  code: string,
  mapping: Mapping,
): Promise<PreparedProgramme> {
  const params = { programme: code };
  const found = await findOrDefine(client, code, mapping);
  const { currencies = {}, rules = {} } = mapping.define ?? {};
  for (const [currency, body] of Object.entries(currencies)) {
    if (found.currencies.some((known) => known.currency === currency)) continue;
    const request = { params: { ...params, currency }, body: body as unknown as CurrencyBody };
    await client.call("PUT /v1/programmes/{programme}/currencies/{currency}", request);
  }
  for (const [rule, body] of Object.entries(rules)) {
    if (found.rules.some((known) => known.rule === rule)) continue;
    const request = { params: { ...params, rule }, body: body as unknown as RuleBody };
    await client.call("PUT /v1/programmes/{programme}/rules/{rule}", request);
  }
  const programme = await client.call("GET /v1/programmes/{programme}", { params });
  checkFit(programme, mapping);
  const keylessBy = keylessByOf(programme, mapping);
  return { programme: await declareSource(client, programme, mapping, keylessBy), keylessBy };
}

async function findOrDefine(client: Client, code: string, { define }: Mapping): Promise<ProgrammeAnswer> {
  const params = { programme: code };
  try {
    return await client.call("GET /v1/programmes/{programme}", { params }, { deadlineMs: FIRST_CONTACT_MS });
  } catch (error) {
    if (!isRefusal(error, "programme_unknown")) throw error;
    if (define === undefined) {
      const message = `there is no programme ${code}; define it first, or let the mapping do it under "define"`;
      throw new ImportRefused("programme_unknown", message);
    }
  }
  const { name, zone } = define;
  const body = { name, zone, clock: { mode: "replay", at: BEGINNING } } as const;
  await client.call("PUT /v1/programmes/{programme}", { params, body });
  return client.call("GET /v1/programmes/{programme}", { params });
}

function checkFit({ programme: code, currencies, rules }: ProgrammeAnswer, mapping: Mapping): void {
  const { points, spend, amount } = mapping;
  const currency = currencies.find((known) => known.currency === points);
  if (currency === undefined) {
    throw new ImportRefused("currency_unknown", `the programme ${code} has no currency ${points}`);
  }
  if (spend === undefined && currency.scale !== amount.decimals) {
    const message = `${points} has ${currency.scale} decimals, the mapping's amount ${amount.decimals}`;
    throw new ImportRefused("wrong_currency", message);
  }
  if (spend !== undefined && !rules.some((known) => known.rule === spend.rule)) {
    throw new ImportRefused("rule_unknown", `the programme ${code} has no rule ${spend.rule}`);
  }
}

/**
 * A system that has a record in the programme and none of its own for rows without a key was imported by all columns:
 * its rows are known by that, and remain so. The record of the other kind is made before its first row.
 */
function keylessByOf({ sources }: ProgrammeAnswer, mapping: Mapping): KeylessBy {
  const has = (system: string) => sources.some((source) => source.system === system);
  const isOld = !has(systemOf(mapping, "mapped_columns")) && has(mapping.system);
  return mapping.key === undefined && isOld ? "all_columns" : "mapped_columns";
}

async function declareSource(
  client: Client,
  programme: ProgrammeAnswer,
  mapping: Mapping,
  keylessBy: KeylessBy,
): Promise<ProgrammeAnswer> {
  if (keylessBy === "all_columns") return programme;
  const system = systemOf(mapping, keylessBy);
  const wanted = mapping.key?.scope ?? "account";
  const declared = programme.sources.find((source) => source.system === system)?.keys;
  if (declared === wanted) return programme;
  if (declared !== undefined) {
    const message = `keys of ${system} are unique per ${declared} for ever, the mapping says per ${wanted}`;
    throw new ImportRefused("value_not_allowed", message);
  }
  const request = { params: { programme: programme.programme, system }, body: { keys: wanted } };
  return client.call("PUT /v1/programmes/{programme}/sources/{system}", request);
}
