/**
 * The service definitions that the client ships, with the gRPC library and the message classes of the client's own:
 * of two copies of a message class, one does not know the other's messages.
 */
import type { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import type { Duplex } from "node:stream";
import type * as Features from "@eventstore/db-client/generated/serverfeatures_pb.js";
import type * as Shared from "@eventstore/db-client/generated/shared_pb.js";
import type * as Status from "@eventstore/db-client/generated/status_pb.js";
import type * as StreamsGrpc from "@eventstore/db-client/generated/streams_grpc_pb.js";
import type * as Streams from "@eventstore/db-client/generated/streams_pb.js";

export type Service = StreamsGrpc.IStreamsServer;
export type ReadCall = Parameters<Service["read"]>[0];
export type AppendCall = Parameters<Service["append"]>[0];
export type AppendCallback = Parameters<Service["append"]>[1];
export type BatchAppendCall = Parameters<Service["batchAppend"]>[0];
export type DeleteCall = Parameters<Service["delete"]>[0];
export type DeleteCallback = Parameters<Service["delete"]>[1];
export type TombstoneCall = Parameters<Service["tombstone"]>[0];
export type TombstoneCallback = Parameters<Service["tombstone"]>[1];

export interface Metadata {
  set(key: string, value: string): void;
}

interface ConnectionInjector {
  injectConnection(connection: Duplex): void;
  destroy(): void;
}

export interface GrpcServer {
  addService(definition: unknown, implementation: unknown): void;
  createConnectionInjector(credentials: unknown): ConnectionInjector;
  forceShutdown(): void;
}

interface Grpc {
  readonly Server: new (options: Readonly<Record<string, unknown>>) => GrpcServer;
  readonly ServerCredentials: {
    createInsecure(): unknown;
    createSsl(
      rootCerts: null,
      pairs: readonly { readonly cert_chain: Buffer; readonly private_key: Buffer }[],
    ): unknown;
  };
  readonly Metadata: new () => Metadata;
}

interface ProtobufAny {
  pack(serialized: Uint8Array, typeName: string): void;
}

const fromHere = createRequire(import.meta.url);
const fromClient = createRequire(fromHere.resolve("@eventstore/db-client"));
const generated = <Module>(name: string) => fromHere(`@eventstore/db-client/generated/${name}.js`) as Module;

export const grpc = fromClient("@grpc/grpc-js") as Grpc;
export const streams = generated<typeof Streams>("streams_pb");
export const shared = generated<typeof Shared>("shared_pb");
export const status = generated<typeof Status>("status_pb");
export const features = generated<typeof Features>("serverfeatures_pb");
export const streamsService = generated<typeof StreamsGrpc>("streams_grpc_pb").StreamsService;
export const featuresService = generated<{ ServerFeaturesService: unknown }>(
  "serverfeatures_grpc_pb",
).ServerFeaturesService;
const { Any } = fromClient("google-protobuf/google/protobuf/any_pb") as { Any: new () => ProtobufAny };

export function packed(message: { serializeBinary(): Uint8Array }, typeName: string): never {
  const any = new Any();
  any.pack(message.serializeBinary(), typeName);
  // The generated types name the class of their own copy of the library's types.
  return any as never;
}

export function nameOf(identifier: Shared.StreamIdentifier | undefined): string {
  return (identifier?.getStreamName_asU8() as Buffer | undefined) === undefined
    ? ""
    : new TextDecoder().decode(identifier?.getStreamName_asU8());
}

export function identifierOf(stream: string): Shared.StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(new TextEncoder().encode(stream));
  return identifier;
}

export function uuidOf(id: string): Shared.UUID {
  const uuid = new shared.UUID();
  uuid.setString(id);
  return uuid;
}
