import { main } from "@taem/host";
import { ledger } from "@taem/ledger";
import { member } from "@taem/member";
import { principal } from "@taem/principal";
import { programme } from "@taem/programme";

/** Turns what time has done, and what was left half done, into events. */
await main("scheduler", [member, ledger, programme, principal]);
