import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import {
  byteaArray,
  bytesArray,
  int4Array,
  int8Array,
  openPool,
  textArray,
  uuidArray,
} from "../src/index.ts";
import { createTestDatabase } from "../testing/index.ts";

test("array parameters arrive as they were, empty ones too", async () => {
  await using database = await createTestDatabase();
  await using pool = openPool({ url: database.url, max: 1, applicationName: "test" });
  const texts = ["", "แต้ม 👍", '{"a":"\\"b\\""}', "NULL", "a,b\n\t"];
  const ids = [randomUUID(), randomUUID()];
  const round = async (type: string, parameter: Buffer) =>
    (await pool.queryArrays<[unknown]>(`SELECT x FROM unnest($1::${type}[]) AS x`, [parameter])).map(
      ([x]) => x,
    );

  expect(await round("text", textArray(texts))).toEqual(texts);
  expect(await round("uuid", uuidArray(ids))).toEqual(ids);
  expect(await round("int4", int4Array([0, -1, 2 ** 31 - 1]))).toEqual([0, -1, 2 ** 31 - 1]);
  expect(await round("int8", int8Array([-(2n ** 63n), 2n ** 63n - 1n]))).toEqual([
    -(2n ** 63n),
    2n ** 63n - 1n,
  ]);
  expect(await round("bytea", byteaArray(["00ff", ""]))).toEqual([Buffer.from([0, 255]), Buffer.alloc(0)]);
  const bytes = [Buffer.from([0, 255]), Buffer.alloc(0)];
  expect(await round("bytea", bytesArray(bytes))).toEqual(bytes);
  expect(await round("bytea", bytesArray([]))).toEqual([]);
  expect(await round("text", textArray([]))).toEqual([]);
  expect(await round("bytea", byteaArray([]))).toEqual([]);
});

test("what is neither a UUID nor hexadecimal is refused before it is sent", () => {
  expect(() => uuidArray(["0198c0de"])).toThrow("not a UUID");
  expect(() => byteaArray(["zz"])).toThrow("not hexadecimal");
  expect(() => byteaArray(["abc"])).toThrow();
  expect(() => uuidArray(["zz98c0de-0000-7000-8000-000000000000"])).toThrow("not a UUID");
});
