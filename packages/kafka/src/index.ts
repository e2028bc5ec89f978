export {
  isRefusedForGood,
  type KafkaCluster,
  type KafkaOptions,
  type KafkaTls,
  kafkaCluster,
} from "./cluster.ts";
export { EventPublisher, type Message, SendIncomplete } from "./event-publisher.ts";
export { type KafkaSourceOptions, kafkaSource } from "./kafka-source.ts";
export { LinkCodec, type LinkCodecOptions, type MessageHeaders } from "./link-codec.ts";
export { Relay, type RelayPlatform } from "./relay/relay.ts";
export { RelayTable, relayMigrations } from "./relay/relay-state.ts";
export { ensureTopic, type NewTopic, type Topic } from "./topic.ts";
export { assertNotForeign } from "./topic-owner.ts";
