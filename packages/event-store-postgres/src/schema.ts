import { SLICES } from "@taem/kernel";
import type { Migration } from "@taem/postgres";

/** Of the log's tables, and the channel by which an append wakes followers. */
export const SCHEMA = "taem_store";

const tables = `
CREATE SCHEMA ${SCHEMA};

CREATE SEQUENCE ${SCHEMA}.stream_ids;

CREATE TABLE ${SCHEMA}.streams (
  id    bigint PRIMARY KEY,
  name  text COLLATE "C" NOT NULL UNIQUE,
  slice smallint NOT NULL CHECK (slice BETWEEN 0 AND ${SLICES - 1})
);

-- Positions are dense and in commit order. The newest revision of a stream is its head: there is nothing to update.
CREATE TABLE ${SCHEMA}.events (
  position    bigint PRIMARY KEY,
  stream_id   bigint NOT NULL,
  recorded_at bigint NOT NULL, -- milliseconds since the epoch, never decreasing
  revision    int NOT NULL,
  slice       smallint NOT NULL,
  event_id    uuid NOT NULL,
  digest      bytea NOT NULL,
  type        text COLLATE "C" NOT NULL,
  data        text COLLATE "C" NOT NULL,
  meta        text COLLATE "C" NOT NULL,
  UNIQUE (stream_id, revision)
);

CREATE TABLE ${SCHEMA}.snapshots (
  stream   text COLLATE "C" PRIMARY KEY,
  revision int NOT NULL,
  schema   text NOT NULL,
  state    text NOT NULL
);
-- Mostly base64 of hashes, which does not compress.
ALTER TABLE ${SCHEMA}.snapshots ALTER COLUMN state SET STORAGE EXTERNAL;
`;

/** Owners can drop the triggers: against them there are the digests. */
const appendOnly = `
CREATE FUNCTION ${SCHEMA}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '${SCHEMA}.% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation', HINT = 'Correct what happened by appending new events.';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${SCHEMA}.events
  FOR EACH STATEMENT EXECUTE FUNCTION ${SCHEMA}.refuse_change();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${SCHEMA}.streams
  FOR EACH STATEMENT EXECUTE FUNCTION ${SCHEMA}.refuse_change();
`;

/**
 * What stands with an event: its writer's digest, sealed with what the log gave it. The same as `sealOf` in
 * event-digest.ts.
 */
const seal = `
CREATE FUNCTION ${SCHEMA}.seal(digest bytea, "position" bigint, recorded_at bigint) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256($1 || int8send($2) || int8send($3))
$$;
`;

/**
 * One flush. Appenders take turns by an advisory lock that is held until the commit is visible, so positions are
 * assigned without gaps and become visible in order. That needs a fresh snapshot after the lock is taken, which
 * read committed gives to every statement.
 *
 * Yields a row per append, in input order: recorded_at null means conflict. An append found to have been made before,
 * with these ids and digests at these revisions, is answered as it was then.
 *
 * The planner settings keep plans made while the tables were small from scanning them when they are large.
 */
const append = `
CREATE FUNCTION ${SCHEMA}.append(
  names text[], slices int[], expecteds int[], counts int[],
  owners int[], ordinals int[], ids uuid[], types text[], datas text[], metas text[], digests bytea[]
) RETURNS TABLE (head int, "position" bigint, recorded_at bigint)
LANGUAGE plpgsql
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  last_position bigint;
  now_ms        bigint;
  stream_ids    bigint[];
  stream_slices smallint[];
  heads         int[];
  bases         bigint[]; -- position before the append's first event; -1 when refused
  has_new       boolean;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'append needs the isolation level read committed';
  END IF;
  PERFORM pg_advisory_xact_lock(8386095501567356775);

  SELECT e.position, e.recorded_at INTO last_position, now_ms
    FROM ${SCHEMA}.events e ORDER BY e.position DESC LIMIT 1;
  last_position := coalesce(last_position, 0);
  now_ms := greatest(now_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);

  SELECT array_agg(a.id ORDER BY a.ord), array_agg(a.slice ORDER BY a.ord), array_agg(a.head ORDER BY a.ord),
         array_agg(a.base ORDER BY a.ord), bool_or(a.is_new)
    INTO stream_ids, stream_slices, heads, bases, has_new
    FROM (
      SELECT f.ord, f.slice, f.head, f.is_new,
             CASE WHEN f.is_new THEN nextval('${SCHEMA}.stream_ids') ELSE coalesce(f.id, 0) END AS id,
             CASE WHEN f.accepted
                  THEN last_position - f.count + sum(f.count) FILTER (WHERE f.accepted) OVER (ORDER BY f.ord)
                  ELSE -1 END AS base
        FROM (
          SELECT x.ord, x.count, s.id, coalesce(s.slice, x.slice)::smallint AS slice,
                 coalesce(h.revision, 0) AS head, coalesce(h.revision, 0) = x.expected AS accepted,
                 s.id IS NULL AND x.expected = 0 AND x.count > 0 AS is_new
            FROM unnest(names, slices, expecteds, counts) WITH ORDINALITY AS x (name, slice, expected, count, ord)
            LEFT JOIN ${SCHEMA}.streams s ON s.name = x.name
            LEFT JOIN LATERAL (
              SELECT e.revision FROM ${SCHEMA}.events e WHERE e.stream_id = s.id ORDER BY e.revision DESC LIMIT 1
            ) h ON true
          OFFSET 0
        ) f
    ) a;

  IF has_new THEN
    INSERT INTO ${SCHEMA}.streams (id, name, slice)
    SELECT stream_ids[x.ord], x.name, stream_slices[x.ord]
      FROM unnest(names, expecteds, counts) WITH ORDINALITY AS x (name, expected, count, ord)
     WHERE x.expected = 0 AND x.count > 0 AND heads[x.ord] = 0;
  END IF;

  INSERT INTO ${SCHEMA}.events
    (position, stream_id, recorded_at, revision, slice, event_id, digest, type, data, meta)
  SELECT bases[x.owner] + x.ordinal, stream_ids[x.owner], now_ms, expecteds[x.owner] + x.ordinal,
         stream_slices[x.owner], x.id, ${SCHEMA}.seal(x.digest, bases[x.owner] + x.ordinal, now_ms), x.type, x.data, x.meta
    FROM unnest(owners, ordinals, ids, types, datas, metas, digests)
      AS x (owner, ordinal, id, type, data, meta, digest)
   WHERE bases[x.owner] >= 0;
  IF FOUND THEN
    PERFORM pg_notify('${SCHEMA}', '');
  END IF;

  RETURN QUERY
  SELECT heads[x.ord],
         CASE WHEN bases[x.ord] < 0 THEN r.position WHEN x.count > 0 THEN bases[x.ord] + x.count END,
         CASE WHEN bases[x.ord] < 0 THEN r.recorded_at ELSE now_ms END
    FROM unnest(counts) WITH ORDINALITY AS x (count, ord)
    LEFT JOIN (
      SELECT y.owner, max(e.position) AS position, max(e.recorded_at) AS recorded_at
        FROM unnest(owners, ordinals, ids, digests) AS y (owner, ordinal, id, digest)
        JOIN ${SCHEMA}.events e ON e.stream_id = stream_ids[y.owner] AND e.revision = expecteds[y.owner] + y.ordinal
                                AND e.event_id = y.id
                                AND e.digest = ${SCHEMA}.seal(y.digest, e.position, e.recorded_at)
       WHERE bases[y.owner] < 0
       GROUP BY y.owner
      HAVING count(*) = counts[y.owner]
    ) r ON r.owner = x.ord
   ORDER BY x.ord;
END $$;
`;

/**
 * One flush. Appenders take turns by an advisory lock that is held until the commit is visible, so positions are
 * assigned without gaps and become visible in order. That needs a fresh snapshot after the lock is taken, which
 * read committed gives to every statement.
 *
 * `readings` says of each append which of the streams that are read, from 1, it stands on (0 = none): where that is not at its
 * revision any more, the append is a conflict. The function without them stays for processes of an earlier version. `accepted` is
 * what else an append must be, to be accepted.
 *
 * Yields a row per append, in input order: recorded_at null means conflict. An append found to have been made before,
 * with these ids and digests at these revisions, is answered as it was then.
 *
 * The planner settings keep plans made while the tables were small from scanning them when they are large.
 */
const appendReading = (create: "CREATE" | "CREATE OR REPLACE", accepted = "") => `
${create} FUNCTION ${SCHEMA}.append(
  names text[], slices int[], expecteds int[], counts int[],
  owners int[], ordinals int[], ids uuid[], types text[], datas text[], metas text[], digests bytea[],
  readings int[], read_names text[], read_revisions int[]
) RETURNS TABLE (head int, "position" bigint, recorded_at bigint)
LANGUAGE plpgsql
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  last_position bigint;
  now_ms        bigint;
  stream_ids    bigint[];
  stream_slices smallint[];
  heads         int[];
  bases         bigint[]; -- position before the append's first event; -1 when refused
  has_new       boolean;
  has_moved     boolean[]; -- by what is read
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'append needs the isolation level read committed';
  END IF;
  PERFORM pg_advisory_xact_lock(8386095501567356775);

  SELECT e.position, e.recorded_at INTO last_position, now_ms
    FROM ${SCHEMA}.events e ORDER BY e.position DESC LIMIT 1;
  last_position := coalesce(last_position, 0);
  now_ms := greatest(now_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);

  SELECT array_agg(coalesce(h.revision, 0) <> x.revision ORDER BY x.ord) INTO has_moved
    FROM unnest(read_names, read_revisions) WITH ORDINALITY AS x (name, revision, ord)
    LEFT JOIN ${SCHEMA}.streams s ON s.name = x.name
    LEFT JOIN LATERAL (
      SELECT e.revision FROM ${SCHEMA}.events e WHERE e.stream_id = s.id ORDER BY e.revision DESC LIMIT 1
    ) h ON true;

  SELECT array_agg(a.id ORDER BY a.ord), array_agg(a.slice ORDER BY a.ord), array_agg(a.head ORDER BY a.ord),
         array_agg(a.base ORDER BY a.ord), bool_or(a.is_new)
    INTO stream_ids, stream_slices, heads, bases, has_new
    FROM (
      SELECT f.ord, f.slice, f.head, f.is_new,
             CASE WHEN f.is_new THEN nextval('${SCHEMA}.stream_ids') ELSE coalesce(f.id, 0) END AS id,
             CASE WHEN f.accepted
                  THEN last_position - f.count + sum(f.count) FILTER (WHERE f.accepted) OVER (ORDER BY f.ord)
                  ELSE -1 END AS base
        FROM (
          SELECT x.ord, x.count, s.id, coalesce(s.slice, x.slice)::smallint AS slice,
                 coalesce(h.revision, 0) AS head,
                 coalesce(h.revision, 0) = x.expected AND NOT coalesce(has_moved[x.reading], false)${accepted} AS accepted,
                 s.id IS NULL AND x.expected = 0 AND x.count > 0 AND NOT coalesce(has_moved[x.reading], false) AS is_new
            FROM unnest(names, slices, expecteds, counts, readings)
                 WITH ORDINALITY AS x (name, slice, expected, count, reading, ord)
            LEFT JOIN ${SCHEMA}.streams s ON s.name = x.name
            LEFT JOIN LATERAL (
              SELECT e.revision FROM ${SCHEMA}.events e WHERE e.stream_id = s.id ORDER BY e.revision DESC LIMIT 1
            ) h ON true
          OFFSET 0
        ) f
    ) a;

  IF has_new THEN
    INSERT INTO ${SCHEMA}.streams (id, name, slice)
    SELECT stream_ids[x.ord], x.name, stream_slices[x.ord]
      FROM unnest(names, expecteds, counts) WITH ORDINALITY AS x (name, expected, count, ord)
     WHERE x.expected = 0 AND x.count > 0 AND heads[x.ord] = 0 AND bases[x.ord] >= 0;
  END IF;

  INSERT INTO ${SCHEMA}.events
    (position, stream_id, recorded_at, revision, slice, event_id, digest, type, data, meta)
  SELECT bases[x.owner] + x.ordinal, stream_ids[x.owner], now_ms, expecteds[x.owner] + x.ordinal,
         stream_slices[x.owner], x.id, ${SCHEMA}.seal(x.digest, bases[x.owner] + x.ordinal, now_ms), x.type, x.data, x.meta
    FROM unnest(owners, ordinals, ids, types, datas, metas, digests)
      AS x (owner, ordinal, id, type, data, meta, digest)
   WHERE bases[x.owner] >= 0;
  IF FOUND THEN
    PERFORM pg_notify('${SCHEMA}', '');
  END IF;

  RETURN QUERY
  SELECT heads[x.ord],
         CASE WHEN bases[x.ord] < 0 THEN r.position WHEN x.count > 0 THEN bases[x.ord] + x.count END,
         CASE WHEN bases[x.ord] < 0 THEN r.recorded_at ELSE now_ms END
    FROM unnest(counts) WITH ORDINALITY AS x (count, ord)
    LEFT JOIN (
      SELECT y.owner, max(e.position) AS position, max(e.recorded_at) AS recorded_at
        FROM unnest(owners, ordinals, ids, digests) AS y (owner, ordinal, id, digest)
        JOIN ${SCHEMA}.events e ON e.stream_id = stream_ids[y.owner] AND e.revision = expecteds[y.owner] + y.ordinal
                                AND e.event_id = y.id
                                AND e.digest = ${SCHEMA}.seal(y.digest, e.position, e.recorded_at)
       WHERE bases[y.owner] < 0
       GROUP BY y.owner
      HAVING count(*) = counts[y.owner]
    ) r ON r.owner = x.ord
   ORDER BY x.ord;
END $$;
`;

/**
 * Who has sent an append may be gone by the time its turn comes, and has sent it again: what waits for the lock in its place
 * would only take connections from others.
 */
const appendInTurn = `
ALTER FUNCTION ${SCHEMA}.append(
  text[], int[], int[], int[], int[], int[], uuid[], text[], text[], text[], bytea[], int[], text[], int[]
) SET lock_timeout = '4s';
`;

/** recorded_at never decreases and positions have no gaps, so halving finds the place without an index. */
const positionAt = `
CREATE FUNCTION ${SCHEMA}.position_at(instant bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  low    bigint := 0;
  high   bigint;
  middle bigint;
BEGIN
  SELECT coalesce(max(e.position), 0) INTO high FROM ${SCHEMA}.events e;
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    IF (SELECT e.recorded_at FROM ${SCHEMA}.events e WHERE e.position = middle) <= instant THEN
      low := middle;
    ELSE
      high := middle - 1;
    END IF;
  END LOOP;
  RETURN low;
END $$;
`;

export const migrations: readonly Migration[] = [
  { version: 1, name: "event log", sql: tables + appendOnly + seal + append + positionAt },
  { version: 2, name: "appends that stand on what was read", sql: appendReading("CREATE") },
  {
    version: 3,
    name: "streams that have lost their events take none",
    sql: appendReading("CREATE OR REPLACE", " AND (s.id IS NULL OR h.revision IS NOT NULL)"),
  },
  // Processes of an earlier version still look into the table, which stays for them.
  { version: 4, name: "snapshots lie elsewhere", sql: `TRUNCATE ${SCHEMA}.snapshots` },
  { version: 5, name: "appends that wait for their turn no longer than their senders", sql: appendInTurn },
];
