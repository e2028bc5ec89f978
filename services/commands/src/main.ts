import { main } from "@taem/host";
import { ledger } from "@taem/ledger";
import { member } from "@taem/member";
import { principal } from "@taem/principal";
import { programme } from "@taem/programme";

/** Decides commands and appends their events. */
await main("commands", [member, ledger, programme, principal]);
