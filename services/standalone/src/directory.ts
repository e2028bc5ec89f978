import type { CommandService } from "@taem/commands-service";
import { ApiError } from "@taem/http";
import type { Directory } from "@taem/ledger-service";

/** Who the programmes and members are, as the commands service of the same process knows it. */
export function directoryOf({ programmes, members }: CommandService): Directory {
  return {
    programme: (code) => unlessUnknown(programmes.get(code), "programme_unknown"),
    newestProgramme: (code) => unlessUnknown(programmes.newest(code), "programme_unknown"),
    // Whichever instance published them.
    lookAgain: (programme) => programmes.lookAgain(programme),
    member: (programme, ref) => unlessUnknown(members.resolve(programme.id, ref), "member_unknown"),
  };
}

async function unlessUnknown<T>(found: Promise<T>, code: string): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof ApiError && error.code === code) return undefined;
    throw error;
  }
}
