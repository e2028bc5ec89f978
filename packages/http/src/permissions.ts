import { merged } from "./merged.ts";

/**
 * What a principal may be allowed to do. Asking and approving, defining and publishing are different ones: who may do
 * both still never does both to the same thing.
 */
export interface Permission {
  /** For people: "see members' balances". */
  readonly allows: string;
  /** The permission to ask for what whoever has this one agrees to. */
  readonly approves?: string;
  /** Of what an administrator of a programme does, which `admin` is short for. */
  readonly isOfAdmin?: true;
}

/** By their names. */
export type Permissions = Readonly<Record<string, Permission>>;

const ADMIN = "admin";

/** The permissions that there are in a process: those of all its contexts. */
export class PermissionTable {
  readonly #permissions: ReadonlyMap<string, Permission>;
  readonly names: readonly string[];
  /** What `admin` is short for. */
  readonly ofAdmin: readonly string[];
  /** Those that agree to what another asks for. */
  readonly approving: readonly string[];

  /** Throws where a permission is defined twice. */
  constructor(...tables: readonly Permissions[]) {
    this.#permissions = merged("permission", tables);
    this.names = [...this.#permissions.keys()];
    this.ofAdmin = this.names.filter((name) => this.get(name)?.isOfAdmin === true);
    this.approving = this.names.filter((name) => this.get(name)?.approves !== undefined);
  }

  get(name: string): Permission | undefined {
    return this.#permissions.get(name);
  }

  /**
   * The permissions that names stand for, `admin` for several; each once, in the table's order. Names of others are left out:
   * whoever must not overlook them asks `unknownAmong` first.
   */
  named(names: readonly string[]): readonly string[] {
    const named = new Set(names.flatMap((name) => (name === ADMIN ? this.ofAdmin : [name])));
    return this.names.filter((permission) => named.has(permission));
  }

  /** The first of the names that stands for nothing. */
  unknownAmong(names: readonly string[]): string | undefined {
    return names.find((name) => name !== ADMIN && !this.#permissions.has(name));
  }
}
