import { Marks } from "@taem/processing";
import type { OffsetsByTopicPartition } from "kafkajs";
import type { Topic } from "./topic.ts";

/** Which offsets are of messages that are done with: taken is not enough, whoever took them may be behind. */
export class OffsetMarks {
  readonly #topic: Topic;
  readonly #marks = new Map<number, Marks<bigint>>();
  #done = 0;

  constructor(topic: Topic) {
    this.#topic = topic;
  }

  /** Everything of the partition below the offset is in the batches up to this one. */
  add(partition: number, batch: number, offset: bigint): void {
    let marks = this.#marks.get(partition);
    if (marks === undefined) {
      marks = new Marks();
      this.#marks.set(partition, marks);
    }
    marks.add(batch, offset);
  }

  /** With this batch and all before it. */
  doneWith(batch: number): void {
    this.#done = Math.max(this.#done, batch);
  }

  /** What has come to be done with since it was asked last; undefined where nothing has. */
  toCommit(): OffsetsByTopicPartition | undefined {
    const partitions = [...this.#marks].flatMap(([partition, marks]) => {
      const offset = marks.passed(this.#done);
      return offset === undefined ? [] : [{ partition: partition, offset: String(offset) }];
    });
    return partitions.length === 0 ? undefined : { topics: [{ topic: this.#topic.name, partitions }] };
  }
}
