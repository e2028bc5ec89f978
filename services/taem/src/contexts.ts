import type { AnyContext, Complete, PortsOf } from "@taem/host";
import { ledger } from "@taem/ledger";
import { member } from "@taem/member";
import { principal } from "@taem/principal";
import { programme } from "@taem/programme";

const all = [member, ledger, programme, principal] as const;

/** What they ask of each other. */
export type Ports = PortsOf<typeof all>;

/** Every context there is; of their routes the busiest are matched first. */
export const contexts: readonly AnyContext[] = all satisfies Complete<typeof all>;
