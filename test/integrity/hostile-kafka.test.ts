import { randomUUID } from "node:crypto";
import type { RecordedEvent, StreamSlice } from "@taem/event-store";
import { accountStream } from "@taem/ledger/events";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { KafkaInstallation, relayed, type TopicMessage } from "@taem/testing/kafka-installation";
import { succeeds } from "@taem/testing/programme";
import { describeWith } from "@taem/testing/requirement";
import { expect, test } from "vitest";

// Failures: a read model that lost events because Kafka did, and nobody noticed; points counted twice because Kafka brought
// them twice; a projector that dies of a message which somebody else sent.

const WAIT = { timeout: 60_000, interval: 50 };

describeWith("a projector", "kafka", await sharedKafka(), ({ brokers }) => {
  test("whose records were deleted before it read them has them from the store", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using writer = await installation.start("commands,relay");
    await installation.define(writer.api);
    {
      await using ledger = await installation.start("ledger");
      await installation.trade(writer.api, "before");
      await installation.expectAgreement(ledger.api);
    }
    await installation.trade(writer.api, "unseen");
    await relayed(writer);
    await installation.deleteRecords();
    await using ledger = await installation.start("ledger");
    await installation.expectAgreement(ledger.api);
    await installation.trade(writer.api, "after");
    await installation.expectAgreement(ledger.api);
  });

  test.each([
    ["its beginning", true],
    ["its end", false],
  ])(
    "whose consumer group was set to %s of the topic misses nothing and counts nothing twice",
    async (_, earliest) => {
      await using installation = await KafkaInstallation.open(brokers);
      await using writer = await installation.start("commands,relay");
      await installation.define(writer.api);
      {
        await using ledger = await installation.start("ledger");
        await installation.trade(writer.api, "before");
        await installation.expectAgreement(ledger.api);
      }
      await installation.trade(writer.api, "unseen");
      await relayed(writer);
      await installation.asAdmin(async (admin) => {
        const { topic } = installation;
        const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId);
        const [groupId = "", ...others] = groups.filter((group) => group.startsWith(`${topic}.`));
        expect([groupId, others]).toEqual([expect.stringContaining("ledger"), []]);
        await admin.resetOffsets({ groupId, topic, earliest });
      });
      await using ledger = await installation.start("ledger");
      await installation.expectAgreement(ledger.api);
    },
  );

  test("that everything is sent to twice counts it once, and what is none of its log's it leaves out, loudly", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using program = await installation.start("commands,relay,ledger");
    const { api, errors } = program;
    await installation.define(api);
    await installation.trade(api, "before");
    await relayed(program);
    const messages = await installation.messages();
    await installation.send(messages);
    await installation.send(messages.toReversed());
    await installation.trade(api, "between");
    expect(errors).toEqual([]);

    const genuine = messages[0] as TopicMessage;
    const bytes = genuine.value as Buffer;
    const garbage = [
      null,
      Buffer.alloc(0),
      Buffer.from("{}"),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.of(0)]),
    ];
    await installation.send(garbage.map((value) => ({ partition: 1, value })));
    // In the wrong place.
    await installation.send([{ ...genuine, partition: (genuine.partition + 1) % 3 }]);
    await expect.poll(() => errors.length, WAIT).toBeGreaterThan(0);
    await installation.trade(api, "after");
    await installation.expectAgreement(api);
    expect(errors.every((error) => error.startsWith("messages that are not of this log were left out"))).toBe(
      true,
    );
  });

  test("is not misled by the messages of another installation", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using other = await KafkaInstallation.open(brokers);
    await using program = await installation.start("commands,relay,ledger");
    await using stranger = await other.start("commands,relay");
    for (const [one, { api }] of [
      [installation, program],
      [other, stranger],
    ] as const) {
      await one.define(api);
      await one.trade(api, "before");
    }
    await relayed(stranger);
    await installation.send(await other.messages());
    await expect.poll(() => program.errors.length, WAIT).toBeGreaterThan(0);
    await installation.trade(program.api, "after");
    await installation.expectAgreement(program.api);
  });

  test("stops the slice of an event that is newer than it and the relay, loudly, and no other", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using program = await installation.start("commands,relay,ledger");
    const { api, errors, monitorUrl, platform } = program;
    await installation.define(api);
    await installation.trade(api, "before");
    await installation.expectRead(api);
    const slice = installation.sliceOf(installation.members[0] as string);
    const [appended] = await platform.store.append([newerEvent(slice)]);
    expect(appended?.ok).toBe(true);
    await expect.poll(() => errors.some((error) => error.startsWith("slice stopped")), WAIT).toBe(true);
    expect(errors.filter((error) => error.startsWith("this version cannot tell"))).toHaveLength(1);

    await installation.trade(api, "after");
    await installation.expectRead(api, (member) => installation.sliceOf(member) !== slice);
    const metrics = await (await fetch(`${monitorUrl}/metrics`)).text();
    expect(metrics).toContain('taem_projection_stopped_slices{projection="ledger"} 1');
    expect(metrics).toContain('taem_relay_pointed_events_total{reason="unknown"} 1');
    expect((await installation.lastRead(api, installation.members[0] as string)).body.code).toBe(
      "read_model_behind",
    );
  });

  test("parks the stream of an event that is damaged, and follows all others", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using program = await installation.start("commands,relay,ledger");
    const { api, errors, platform } = program;
    await installation.define(api);
    await installation.trade(api, "before");
    await installation.expectRead(api);
    const [damaged, ...others] = installation.members as readonly [string, ...string[]];
    const stream = accountStream(damaged, 1);
    const [{ events }] = (await platform.store.read([{ stream, afterRevision: 0 }])) as [StreamSlice];
    for (const data of ["{}", "no JSON at all"]) {
      const last = events.at(-1) as RecordedEvent;
      const event = { id: randomUUID(), type: last.type, data, meta: last.meta };
      const expectedRevision =
        (await platform.store.read([{ stream, afterRevision: 0 }]))[0]?.events.length ?? 0;
      const append = { stream, slice: last.slice, expectedRevision, events: [event] };
      expect((await platform.store.append([append]))[0]?.ok).toBe(true);
    }
    const isSaid = () => errors.some((error) => error.startsWith("an event is not what its contract says"));
    await expect.poll(isSaid, WAIT).toBe(true);
    for (const member of others) {
      const body = { currency: "PTS", points: "1", source: { system: "pos", id: `after ${member}` } };
      const path = `/v1/programmes/shop/members/${member}`;
      const { token } = (await succeeds(api.post(`${path}/earn`, body))).body;
      await succeeds(api.get(`${path}/balance?currency=PTS&token=${encodeURIComponent(token)}`));
    }
    const { body } = await api.get(`/v1/programmes/shop/members/${damaged}/balance?currency=PTS`);
    expect(body).toMatchObject({ parked: { since: expect.any(String) } });
  });

  test("says that it reads nothing while its topic is gone, and goes on when that was made anew", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using program = await installation.start("commands,relay,ledger");
    const { api, complaints } = program;
    await installation.define(api);
    await installation.trade(api, "before");
    const readiness = async () => (await fetch(`${api.url}/health/ready`)).status;
    expect(await readiness()).toBe(200);
    const topic = installation.topic;
    await installation.asAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
    await installation.trade(api, "without");
    const isSaid = () => complaints.some((line) => line.includes(`there is no topic ${topic}`));
    await expect.poll(isSaid, WAIT).toBe(true);
    await expect.poll(readiness, WAIT).toBe(503);
    const metrics = await (await fetch(`${program.monitorUrl}/metrics`)).text();
    const seconds = /^taem_projection_outage_seconds\{projection="ledger"\} (\S+)$/m.exec(metrics)?.[1];
    // As of its last look, a moment ago.
    expect(Number(seconds)).toBeGreaterThan(20);
    await installation.asAdmin((admin) =>
      admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true }),
    );
    await installation.trade(api, "after");
    await installation.expectAgreement(api);
    await expect.poll(readiness, WAIT).toBe(200);
  });
});

/** As a later version of the program may write one. */
function newerEvent(slice: number) {
  const meta = '{"actor":"later","correlation":"later","v":1}';
  const event = { id: randomUUID(), type: "PointsTeleported", data: "{}", meta };
  return { stream: accountStream(randomUUID(), 1), slice, expectedRevision: 0, events: [event] };
}
