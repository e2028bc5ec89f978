import type { EventLog } from "./event-log.ts";

/** What is asked of a stream, by the names that access lists have for it. */
export type Operation = "$r" | "$w" | "$d" | "$mr" | "$mw";

/** Users and the groups that each is in. Without any the server asks nobody who they are. */
export type Users = Readonly<Record<string, readonly string[]>>;

type AccessList = Partial<Record<Operation, string | readonly string[]>>;

interface Call {
  readonly metadata: { get(key: string): readonly unknown[] };
}

const ADMINS = "$admins";
const EVERYBODY = "$all";
/** As a server has them that nobody has set up. */
const DEFAULTS = {
  $userStreamAcl: { $r: EVERYBODY, $w: EVERYBODY, $d: EVERYBODY, $mr: EVERYBODY, $mw: EVERYBODY },
  $systemStreamAcl: { $r: ADMINS, $w: ADMINS, $d: ADMINS, $mr: ADMINS, $mw: ADMINS },
} as const;

/** Who may do what: by a stream's own list, else by the defaults in `$settings`, else by those of the server. */
export class Access {
  readonly #log: EventLog;
  readonly #users: Users | undefined;

  constructor(log: EventLog, users: Users | undefined) {
    this.#log = log;
    this.#users = users;
  }

  allows(call: Call, operation: Operation, name: string): boolean {
    if (this.#users === undefined) return true;
    const who = this.#rolesOf(call);
    if (who.includes(ADMINS)) return true;
    const isMetadata = name.startsWith("$$") && name !== "$$";
    const stream = isMetadata ? name.slice(2) : name;
    const asked = isMetadata ? (operation === "$r" ? "$mr" : "$mw") : operation;
    const own = this.#log.metadataOf(stream)["$acl"] as AccessList | undefined;
    const allowed = own?.[asked] ?? this.#default(stream)[asked] ?? [];
    return [allowed].flat().some((role) => who.includes(role));
  }

  #default(stream: string): AccessList {
    const kind = stream.startsWith("$") ? "$systemStreamAcl" : "$userStreamAcl";
    const settings = this.#log.newestOf("$settings") as Partial<Record<typeof kind, AccessList>>;
    return { ...DEFAULTS[kind], ...settings[kind] };
  }

  /**
   * A caller's own name, groups, and what everybody is. The client sends passwords over TLS alone, so whoever asks is who the
   * connection's name says.
   */
  #rolesOf({ metadata }: Call): readonly string[] {
    const name = String(metadata.get("connection-name")[0]);
    return [name, ...(this.#users?.[name] ?? []), EVERYBODY];
  }
}
