import { defaultLimits, type Limits } from "@taem/http";
import { integerSetting } from "@taem/runtime";

const MEGABYTE = 1024 * 1024;
/** Of all that a process takes on, one client may have so much. */
const CLIENT_SHARE = 1 / 4;
const LINES_SHARE = 1 / 2;

const most = integerSetting(1, 1_000_000);
const { maxRequests, maxClientRequests, maxProgrammeRequests, maxBytes, maxLines } = defaultLimits;
const { clientRate, programmeRate, strangerRate } = defaultLimits;

/** Who may have how much under way, and how often. */
export const limitSettings = {
  TAEM_REQUESTS: most.default(maxRequests),
  TAEM_CLIENT_REQUESTS: most.default(maxClientRequests),
  TAEM_PROGRAMME_REQUESTS: most.default(maxProgrammeRequests),
  TAEM_CLIENT_RATE: most.default(clientRate),
  TAEM_PROGRAMME_RATE: most.default(programmeRate),
  TAEM_ADDRESS_RATE: most.default(strangerRate),
  TAEM_BULK_LINES: most.default(maxLines),
  TAEM_REQUEST_MEGABYTES: integerSetting(4, 65_536).default(maxBytes / MEGABYTE),
};

type LimitSettings = { readonly [Name in keyof typeof limitSettings]: number };

export function limitsOf(settings: LimitSettings): Partial<Limits> {
  const bytes = settings.TAEM_REQUEST_MEGABYTES * MEGABYTE;
  return {
    maxRequests: settings.TAEM_REQUESTS,
    maxClientRequests: settings.TAEM_CLIENT_REQUESTS,
    maxProgrammeRequests: settings.TAEM_PROGRAMME_REQUESTS,
    clientRate: settings.TAEM_CLIENT_RATE,
    programmeRate: settings.TAEM_PROGRAMME_RATE,
    strangerRate: settings.TAEM_ADDRESS_RATE,
    maxLines: settings.TAEM_BULK_LINES,
    maxClientLines: Math.ceil(settings.TAEM_BULK_LINES * LINES_SHARE),
    maxBytes: bytes,
    maxClientBytes: bytes * CLIENT_SHARE,
  };
}
