import type { EventStore } from "@taem/event-store";
import { systemClock } from "@taem/runtime";
import { OperatorClients } from "@taem/taem-service";
import type { Api } from "@taem/testing/api";
import { succeeds } from "@taem/testing/programme";

const PTS = { currency: "PTS" };
const OWED = { currency: "OWED" };
const TINY = { currency: "TINY" };
const MONEY = { money: "THB", per: "100", points: "1" };

/** Does, through the API, what makes every event of the catalogue at least once. Two callers, for what takes two. */
export async function makeEveryEvent(clerk: Api, manager: Api, code: string): Promise<void> {
  const shop = `/v1/programmes/${code}`;
  await define(clerk, shop);
  await change(clerk, manager, shop);
  await endSingleHanded(clerk, `${shop}-alone`);
  const members = `${shop}/members`;
  await succeeds(clerk.post(members, { externalId: "malee" }));
  await succeeds(clerk.post(members, { externalId: "somchai" }));
  await succeeds(clerk.post(members, {}, "no external id"));
  const till = new Till(clerk, `${members}/ext:malee`, shop);
  await buyAndReturn(till);
  await hold(till);
  await adjust(till, manager);
  await till.run("transfers", { ...PTS, points: "5", to: "ext:somchai" });
  await till.run("earn", { ...TINY, points: "15" });
  await clerk.post(
    `${members}/ext:malee/transfers`,
    { ...TINY, points: "15", to: "ext:somchai" },
    "too much",
  );
  await succeeds(clerk.put(`${shop}/clock`, { mode: "replay", at: "2026-06-01T00:00:00Z" }));
  await till.run("earn", { ...PTS, points: "1" });
}

/** Does, as an operator, what makes every event of a client and of a person. */
export async function makeEveryPrincipalEvent(store: EventStore): Promise<void> {
  await using operator = new OperatorClients({ store, clock: systemClock });
  const { clients, people } = operator;
  const rights = { permissions: ["earn"], systems: null };
  const { key } = await clients.create({ name: "till", programme: null, ...rights }, operator.asking());
  await clients.change(key.client, { ...rights, systems: ["pos"] }, operator.asking());
  await clients.rotateKey(key, 1_000, operator.asking());
  await clients.revokeKey(key, operator.asking());
  await clients.revoke(key.client, operator.asking());
  const cashier = { role: "cashier", programme: "every" };
  const { id } = await people.add("staff-1042", [cashier], operator.asking());
  await people.setRoles(id, [], operator.asking());
  await people.deactivate(id, operator.asking());
}

async function define(api: Api, shop: string): Promise<void> {
  const programme = { name: "Every event", clock: { mode: "replay", at: "2026-01-10T00:00:00Z" } };
  await succeeds(api.put(shop, { ...programme, zone: "Asia/Bangkok" }));
  const settings = { expiry: { kind: "end_of_month", count: 1 }, adjustmentLimit: "100" };
  await succeeds(api.put(`${shop}/currencies/PTS`, settings));
  await succeeds(api.put(`${shop}/currencies/OWED`, { ...settings, clawback: "unlimited" }));
  await succeeds(api.put(`${shop}/currencies/TINY`, { ...settings, maxBalance: "10" }));
  await succeeds(api.put(`${shop}/rules/base`, { ...PTS, ...MONEY }));
  await succeeds(api.put(`${shop}/sources/till`, { keys: "programme" }));
  await succeeds(api.put(`${shop}/sources/old-till`, { keys: "account", retired: true }));
}

/** Of three changes that one proposes another approves one and rejects one; one is taken back. */
async function change(clerk: Api, manager: Api, shop: string): Promise<void> {
  await succeeds(clerk.put(shop, { name: "Every event", zone: "Asia/Tokyo" }));
  await succeeds(manager.post(`${shop}/proposals/1/approve`, {}));
  await succeeds(clerk.put(`${shop}/rules/base`, { ...PTS, ...MONEY, points: "2" }));
  await succeeds(manager.post(`${shop}/proposals/2/reject`, {}));
  await succeeds(clerk.put(`${shop}/currencies/PTS`, { expiry: { kind: "never" } }));
  await succeeds(clerk.post(`${shop}/proposals/3/withdraw`, {}));
}

async function endSingleHanded(api: Api, shop: string): Promise<void> {
  const programme = { name: "Alone", zone: "Asia/Bangkok" };
  await succeeds(api.put(shop, { ...programme, singleHanded: true }));
  await succeeds(api.put(shop, { ...programme, singleHanded: false }));
}

async function buyAndReturn(till: Till): Promise<void> {
  await till.run("earn", { ...PTS, spend: { amount: "30000", currency: "THB", rule: "base" } });
  const burn = await till.run("burn", { ...PTS, points: "10" });
  await till.run("reversals", { ...PTS, origin: burn.source, all: true });
  const sale = await till.run("earn", { ...OWED, points: "50" });
  await till.run("burn", { ...OWED, points: "50" });
  await till.run("reversals", { ...OWED, origin: sale.source, all: true });
  await till.run("earn", { ...OWED, points: "20" });
}

async function hold(till: Till): Promise<void> {
  const captured = await till.run("holds", { ...PTS, points: "10" });
  await till.onHold(captured.id, "capture");
  // Points that a return cannot take while they are held come back, and are taken after all.
  const sale = await till.run("earn", { ...PTS, points: "50" });
  const all = await till.run("holds", { ...PTS, points: "340" });
  await till.run("reversals", { ...PTS, origin: sale.source, all: true });
  await till.onHold(all.id, "void");
  await till.run("holds", { ...PTS, points: "10", timeoutSeconds: 60 });
}

async function adjust(till: Till, manager: Api): Promise<void> {
  const goodwill = { ...PTS, points: "7", reason: "goodwill" };
  await till.run("adjustments", { ...goodwill, direction: "credit" });
  await till.run("adjustments", { ...goodwill, direction: "debit" });
  const writeOff = { ...OWED, direction: "write_off", points: "10", reason: "bad-debt" };
  const { id } = await till.run("adjustments", writeOff);
  const adjustments = `${till.shop}/adjustments`;
  await succeeds(manager.post(`${adjustments}/${id}/approve`, {}, "approved"));
  const large = { ...goodwill, points: "101", direction: "credit" };
  const [rejected, withdrawn] = [await till.run("adjustments", large), await till.run("adjustments", large)];
  await succeeds(manager.post(`${adjustments}/${rejected.id}/reject`, {}, "rejected"));
  await till.onAdjustment(withdrawn.id, "withdraw");
  // Nobody decides on this one.
  await till.run("adjustments", large);
}

interface Done {
  readonly source: { readonly system: string; readonly id: string };
  /** Of the hold or the adjustment that it made, if any. */
  readonly id: string;
}

/** Commands on one member, each under a key of its own that is the programme's. */
class Till {
  readonly shop: string;
  readonly #api: Api;
  readonly #member: string;
  #keys = 0;

  constructor(api: Api, member: string, shop: string) {
    this.#api = api;
    this.#member = member;
    this.shop = shop;
  }

  run(operation: string, body: object): Promise<Done> {
    return this.#send(`${this.#member}/${operation}`, body);
  }

  onHold(id: string, end: "capture" | "void"): Promise<Done> {
    return this.#send(`${this.shop}/holds/${id}/${end}`, {});
  }

  onAdjustment(id: string, end: "withdraw"): Promise<Done> {
    return this.#send(`${this.shop}/adjustments/${id}/${end}`, {});
  }

  async #send(path: string, body: object): Promise<Done> {
    const source = { system: "till", id: `k${++this.#keys}` };
    const { effect } = (await succeeds(this.#api.post(path, { ...body, source }))).body;
    return { source, id: effect.hold?.id ?? effect.adjustment?.id };
  }
}
