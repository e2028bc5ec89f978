export interface Node {
  readonly dataDir: string;
  /** What the node listens on. */
  readonly bindHost: string;
  /** How its clients call it. */
  readonly host: string;
  readonly port: number;
  readonly controllerPort: number;
}

/** The settings of a single node, broker and controller in one, for a machine it shares with its clients. */
export function serverSettings(node: Node): Readonly<Record<string, string>> {
  const { dataDir, bindHost, host, port, controllerPort } = node;
  return {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    listeners: `PLAINTEXT://${bindHost}:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://${host}:${port}`,
    "log.dirs": dataDir,
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    // A broker that was killed registers again only when the session of its former self is over.
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
    "num.network.threads": "2",
    "num.io.threads": "2",
    // A third of the heap by default.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.index.size.max.bytes": "1048576",
  };
}
