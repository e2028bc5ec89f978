import { killedReactors } from "./support/killed-reactors.ts";

await killedReactors("PostgreSQL", async () => ({ [Symbol.asyncDispose]: async () => {} }));
