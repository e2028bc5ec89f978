import { account, keyReservations } from "@taem/ledger/events";
import { member, referenceReservations } from "@taem/member/events";
import { client } from "@taem/principal/events";
import { codeReservations, programme } from "@taem/programme/events";
import { createCatalogue } from "@taem/schema";
import { installation } from "./installation-events.ts";

/** Every category of streams there is. */
export const catalogue = createCatalogue([
  account,
  programme,
  member,
  client,
  installation,
  keyReservations,
  codeReservations,
  referenceReservations,
]);
