import { eventsOf, main } from "@taem/host";
import { account, keyReservations } from "@taem/ledger/events";
import { member, referenceReservations } from "@taem/member/events";
import { principal } from "@taem/principal";
import { codeReservations, programme } from "@taem/programme/events";

/** Tells Kafka what the log holds. Of most contexts it has to know the events alone. */
await main("relay", [
  eventsOf("ledger", [account, keyReservations]),
  eventsOf("member", [member, referenceReservations]),
  eventsOf("programme", [programme, codeReservations]),
  principal,
]);
