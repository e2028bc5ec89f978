import { main } from "@taem/host";
import { ledger } from "@taem/ledger";
import { member } from "@taem/member";
import { principal } from "@taem/principal";
import { programme } from "@taem/programme";

/** Projects the log into read models, and answers questions about them. */
await main("ledger", [member, ledger, programme, principal]);
