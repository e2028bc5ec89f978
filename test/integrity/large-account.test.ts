import type { EventStore, RecordedEvent } from "@taem/event-store";
import { randomId } from "@taem/runtime";
import { startService } from "@taem/testing/commands-service";
import { defineProgramme, source, succeeds } from "@taem/testing/programme";
import { openSite, SITES } from "@taem/testing/site";
import { openLog, wholeLog } from "@taem/testing/test-store";
import { expect, test } from "vitest";

// Failure: the snapshot of a large account is larger than an event store takes, so it is folded anew after each restart.

const EVENTS = 100_000;
const AT_ONCE = 500;
const MALEE = "/v1/programmes/shop/members/ext:malee";

const earn = (id: string) => ({ currency: "PTS", points: "1", source: source(id) });

/** Further earns of one point each, as the first one says it, under keys of their own. */
async function lengthen(
  store: EventStore,
  { stream, slice, type, data, meta }: RecordedEvent,
): Promise<void> {
  const first = JSON.parse(data);
  for (let revision = 1; revision < EVENTS; revision += AT_ONCE) {
    const events = Array.from({ length: Math.min(AT_ONCE, EVENTS - revision) }, (_, i) => {
      const no = revision + i + 1;
      const said = {
        ...first,
        book: String(no),
        key: { ...first.key, id: `sale ${no}` },
        lot: { ...first.lot, no },
      };
      return { id: randomId(), type, data: JSON.stringify(said), meta };
    });
    const [result] = await store.append([{ stream, slice, expectedRevision: revision, events }]);
    expect(result).toMatchObject({ ok: true });
  }
}

/** A store of which is counted how many events of a stream are read. */
function counting(store: EventStore, stream: string): { readonly store: EventStore; events: number } {
  const counted = {
    events: 0,
    store: new Proxy(store, {
      get(_, name: keyof EventStore) {
        if (name === "read")
          return async (requests: Parameters<EventStore["read"]>[0]) => {
            const slices = await store.read(requests);
            requests.forEach((request, i) => {
              if (request.stream === stream) counted.events += slices[i]?.events.length ?? 0;
            });
            return slices;
          };
        if (name === "readStream")
          return async function* (...asked: Parameters<EventStore["readStream"]>) {
            for await (const page of store.readStream(...asked)) {
              if (asked[0] === stream) counted.events += page.length;
              yield page;
            }
          };
        const member = store[name];
        return typeof member === "function" ? member.bind(store) : member;
      },
    }),
  };
  return counted;
}

test.each(SITES)(
  "with the log in %s, an account of 100,000 keys is not folded again after a restart",
  async (name) => {
    await using site = await openSite(name);
    await using store = await openLog(site.environment);
    const { databaseUrl: url, environment } = site;
    let first: RecordedEvent;
    {
      await using service = await startService({ url, store, environment });
      const api = service.api();
      await defineProgramme(api, "shop");
      await succeeds(api.post("/v1/programmes/shop/members", { externalId: "malee" }));
      await succeeds(api.post(`${MALEE}/earn`, earn("sale 1")));
      first = (await wholeLog(store)).at(-1) as RecordedEvent;
    }
    await lengthen(store, first);
    const folding = counting(store, first.stream);
    {
      await using service = await startService({ url, store: folding.store, environment });
      await succeeds(service.api().post(`${MALEE}/earn`, earn("one more")));
      expect(folding.events).toBeGreaterThanOrEqual(EVENTS);
      expect(service.complaints).toEqual([]);
    }
    const restarted = counting(store, first.stream);
    await using service = await startService({ url, store: restarted.store, environment });
    const { body } = await succeeds(service.api().post(`${MALEE}/earn`, earn("and another")));
    expect(body.balance.book).toBe(String(EVENTS + 2));
    // A look at its beginning, and from the snapshot's last event on.
    expect([service.complaints, restarted.events < 100]).toEqual([[], true]);
    const again = await succeeds(service.api().post(`${MALEE}/earn`, earn(`sale ${EVENTS}`)));
    expect(again.body.replayed).toBe(true);
  },
);
