import { Statements } from "@taem/principal";
import { Api } from "./api.ts";
import type { TestProgram } from "./program.ts";

/** A person at work, in a session: what the console says of whoever has signed in there. */
export function personCaller(
  { api, platform }: Pick<TestProgram, "api" | "platform">,
  person: string,
  session = "s1",
): Api {
  const expiresAt = platform.clock.now() + 60_000;
  return new Api(api.url, new Statements(platform).sign({ person, session, expiresAt }));
}
