import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";

/** What is said of a person who has signed in somewhere, once for each request. */
export interface Statement {
  /** Id of the person. */
  readonly person: string;
  /** Tells the person's sessions apart; no secret of any. */
  readonly session: string;
  /** Milliseconds since the epoch, exclusive: a minute ahead at most. */
  readonly expiresAt: number;
}

const PREFIX = "taem_person_";
const TOKEN = /^taem_person_([A-Za-z0-9_-]{1,400})\.([A-Za-z0-9_-]{43})$/;
const LIFE_MS = 60_000;
/** How far the clock of whoever signs may be ahead of this one: a process whose clock is further off serves nothing. */
const AHEAD_MS = 5_000;

const PERSON = /^[0-9a-f]{16}$/;
const SESSION = /^[A-Za-z0-9_-]{1,64}$/;

/** Whose statements they are. */
export interface StatementIssuer {
  /** Of this purpose alone, and the same in every process of the installation. */
  readonly personKey: KeyObject;
  /** The installation's id. */
  readonly installation: string;
}

/**
 * Signs who somebody is, and believes what was signed here: `taem_person_<statement>.<MAC>`, both in base64url. The MAC covers
 * the installation and the statement as it is written.
 */
export class Statements {
  readonly #issuer: StatementIssuer;

  constructor(issuer: StatementIssuer) {
    this.#issuer = issuer;
  }

  static isOne(token: string): boolean {
    return token.startsWith(PREFIX);
  }

  sign(stated: Statement): string {
    const payload = Buffer.from(JSON.stringify(stated)).toString("base64url");
    return `${PREFIX}${payload}.${this.#mac(payload)}`;
  }

  /** Undefined for what was not signed here, is over by `now`, or lasts for longer than a statement may. */
  read(token: string, now: number): Statement | undefined {
    const [, payload = "", given = ""] = TOKEN.exec(token) ?? [];
    const mac = this.#mac(payload);
    if (given.length !== mac.length || !timingSafeEqual(Buffer.from(given), Buffer.from(mac)))
      return undefined;
    const { person, session, expiresAt } = statedIn(payload);
    if (!isLike(PERSON, person) || !isLike(SESSION, session) || !isInstant(expiresAt)) return undefined;
    const isNow = now < expiresAt && expiresAt - now <= LIFE_MS + AHEAD_MS;
    return isNow ? { person, session, expiresAt } : undefined;
  }

  #mac(payload: string): string {
    const { personKey, installation } = this.#issuer;
    return createHmac("sha256", personKey).update(`${installation} ${payload}`).digest("base64url");
  }
}

/** What the statement says, whatever that is. */
function statedIn(payload: string): { readonly [K in keyof Statement]?: unknown } {
  try {
    return Object(JSON.parse(Buffer.from(payload, "base64url").toString()));
  } catch {
    return {};
  }
}

function isLike(form: RegExp, value: unknown): value is string {
  return typeof value === "string" && form.test(value);
}

function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
