import type { BulkLine, CommandAnswer, CurrencyBody, Routes, RuleBody } from "@taem/client";
import type { bulkLine, CommandAnswer as ServiceAnswer } from "@taem/commands";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import { type Service, startService } from "../support/commands-service.ts";
import { openTestStore, type TestStore } from "../support/test-store.ts";

type ServiceLine = z.input<typeof bulkLine>;

/** What the service takes of each operation, member by member: an optional field may also be undefined there. */
type Accepted<Op extends BulkLine["op"]> = Extract<ServiceLine, { readonly op: Op }>;

describe("what the client sends", () => {
  it("is what the service takes, as far as types can tell", () => {
    expectTypeOf<Extract<BulkLine, { op: "enrol" }>>().toExtend<Accepted<"enrol">>();
    expectTypeOf<Extract<BulkLine, { op: "earn" }>>().toExtend<Accepted<"earn">>();
    expectTypeOf<Extract<BulkLine, { op: "burn" }>>().toExtend<Accepted<"burn">>();
    expectTypeOf<Extract<BulkLine, { op: "hold" }>>().toExtend<Accepted<"hold">>();
    expectTypeOf<Extract<BulkLine, { op: "transfer" }>>().toExtend<Accepted<"transfer">>();
    expectTypeOf<Extract<BulkLine, { op: "reverse" }>>().toExtend<Accepted<"reverse">>();
    expectTypeOf<Extract<BulkLine, { op: "adjust" }>>().toExtend<Accepted<"adjust">>();
    expectTypeOf<Extract<BulkLine, { op: "capture" }>>().toExtend<Accepted<"capture">>();
    expectTypeOf<Extract<BulkLine, { op: "void" }>>().toExtend<Accepted<"void">>();
    expectTypeOf<Extract<BulkLine, { op: "approve" }>>().toExtend<Accepted<"approve">>();
    expectTypeOf<BulkLine["op"]>().toEqualTypeOf<ServiceLine["op"]>();
  });

  it("leaves out no field that the service knows", () => {
    type Fields<L, Op> = L extends { readonly op: Op } ? keyof L : never;
    type Missing = {
      [Op in BulkLine["op"]]: Exclude<Fields<ServiceLine, Op>, Fields<BulkLine, Op>>;
    }[BulkLine["op"]];
    expectTypeOf<Missing>().toEqualTypeOf<never>();
  });

  it("is answered as the client says", () => {
    expectTypeOf<ServiceAnswer>().toExtend<CommandAnswer>();
  });
});

describe("the routes that the client knows", () => {
  let store: TestStore;
  let service: Service;

  beforeAll(async () => {
    store = await openTestStore();
    service = await startService({ store: store.store });
  });

  afterAll(async () => {
    await service.close();
    await store.close();
  });

  it("are routes of the API", () => {
    // A record over the type: a route that is added there must be added here.
    const known: Record<keyof Routes, true> = {
      "GET /v1/programmes/{programme}": true,
      "PUT /v1/programmes/{programme}": true,
      "PUT /v1/programmes/{programme}/clock": true,
      "PUT /v1/programmes/{programme}/currencies/{currency}": true,
      "PUT /v1/programmes/{programme}/rules/{rule}": true,
      "PUT /v1/programmes/{programme}/sources/{system}": true,
      "POST /v1/programmes/{programme}/members": true,
      "POST /v1/programmes/{programme}/members/{member}/earn": true,
      "POST /v1/programmes/{programme}/members/{member}/burn": true,
      "POST /v1/programmes/{programme}/members/{member}/holds": true,
      "POST /v1/programmes/{programme}/members/{member}/transfers": true,
      "POST /v1/programmes/{programme}/members/{member}/reversals": true,
      "POST /v1/programmes/{programme}/members/{member}/adjustments": true,
      "POST /v1/programmes/{programme}/holds/{id}/capture": true,
      "POST /v1/programmes/{programme}/holds/{id}/void": true,
      "POST /v1/programmes/{programme}/adjustments/{id}/approve": true,
    };
    const served = service.routes.map(({ method, path }) => `${method} ${path}`);
    expect(served).toEqual(expect.arrayContaining(Object.keys(known)));
  });

  it("have bodies with the fields that the API documents", async () => {
    const currency: Record<keyof CurrencyBody, true> = {
      adjustmentLimit: true,
      clawback: true,
      expiry: true,
      holdTimeoutSeconds: true,
      inactivity: true,
      maxBalance: true,
      maxHoldTimeoutSeconds: true,
      returnGraceDays: true,
      scale: true,
      transferExpiry: true,
      validFrom: true,
    };
    const rule: Record<keyof RuleBody, true> = {
      currency: true,
      maxPerDay: true,
      maxPerOrder: true,
      minimumSpend: true,
      money: true,
      pendingSeconds: true,
      per: true,
      points: true,
      rounding: true,
      validFrom: true,
    };
    const { body } = await service.api().get("/openapi.json");
    expect(bodyFields(body, "/v1/programmes/{programme}/currencies/{currency}")).toEqual(
      Object.keys(currency),
    );
    expect(bodyFields(body, "/v1/programmes/{programme}/rules/{rule}")).toEqual(Object.keys(rule));
  });
});

function bodyFields(document: unknown, path: string): string[] {
  const { paths } = document as OpenApi;
  return Object.keys(
    paths[path]?.put.requestBody.content["application/json"].schema.properties ?? {},
  ).toSorted();
}

interface OpenApi {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly put: {
          readonly requestBody: {
            readonly content: {
              readonly "application/json": { readonly schema: { readonly properties: object } };
            };
          };
        };
      }
    >
  >;
}
