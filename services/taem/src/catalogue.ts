import { installation } from "@taem/host";
import { account, keyReservations } from "@taem/ledger/events";
import { member, referenceReservations } from "@taem/member/events";
import { client, person } from "@taem/principal/events";
import { codeReservations, programme } from "@taem/programme/events";
import { createCatalogue } from "@taem/schema";

/** Every event there is, by its type: what a tool reads of the log knows them all. */
export const catalogue = createCatalogue([
  installation,
  account,
  keyReservations,
  programme,
  codeReservations,
  member,
  referenceReservations,
  client,
  person,
]);
