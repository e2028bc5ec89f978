import type { Platform } from "@taem/host";
import { Programmes } from "@taem/programme";

/**
 * Says on standard error of which of these programmes there is none. Nothing is wrong with that, for keys and people often
 * come before their programme, but a code that was mistyped looks the same.
 */
export async function noteUnknownProgrammes(
  platform: Pick<Platform, "store" | "clock" | "hmacKey">,
  codes: readonly (string | null)[],
): Promise<void> {
  const programmes = new Programmes(platform);
  for (const code of new Set(codes)) {
    if (code === null || (await programmes.idOf(code)) !== undefined) continue;
    process.stderr.write(`there is no programme ${code} yet: what was given counts once there is\n`);
  }
}
