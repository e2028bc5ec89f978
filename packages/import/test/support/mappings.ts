import { type Mapping, mappingSchema } from "../../src/mapping.ts";

/** A mapping in wire form that suits `member,time,amount`. */
export function mappingOf() {
  return {
    system: "shop",
    file: { format: "delimited" },
    member: "member",
    kind: { by: "sign" },
    amount: { column: "amount", decimals: 2 },
    points: "POINT",
    spend: { currency: "THB", rule: "base-earn" },
    time: { column: "time", format: "yyyy-MM-dd HH:mm", zone: "Asia/Bangkok" },
  };
}

export function parsedMapping(change: object = {}): Mapping {
  return mappingSchema.parse({ ...mappingOf(), ...change });
}
