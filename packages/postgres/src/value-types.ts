import pg from "pg";

const TEXT_OIDS = [
  1700, // numeric: exact, of any size
  1082, // date: a calendar day; pg would make it an instant in the zone of the process
  1114, // timestamp: likewise
];
const TEXT_ARRAY_OIDS = [1231, 1182, 1115];

const textArray = pg.types.getTypeParser(1009 as never, "text") as (text: string) => (string | null)[];
const instant = pg.types.getTypeParser(1184, "text") as (text: string) => Date | number;

const parsers = new Map<number, (text: string) => unknown>([
  [20, BigInt],
  [1184, (text) => Number(instant(text))],
]);
for (const oid of TEXT_OIDS) parsers.set(oid, (text) => text);
parsers.set(1016, (text) => textArray(text).map((item) => (item === null ? null : BigInt(item))));
for (const oid of TEXT_ARRAY_OIDS) parsers.set(oid, textArray);

/**
 * How column values become JavaScript values, for one pool and never globally: int8 is a bigint, numeric a string,
 * date and timestamp their text, timestamptz milliseconds since the epoch; the rest is pg's default.
 */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: string) {
    const parser = format === "binary" ? undefined : parsers.get(oid);
    return (parser ?? pg.types.getTypeParser(oid as never, format as never)) as never;
  },
};
