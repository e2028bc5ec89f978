package taem;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageDecoder;

/**
 * Reads messages with the published schemas: {@code MessageReader <folder of .avsc files> <file of messages>}, a message
 * a line in hexadecimal. Prints, separated by tabs, a line for every schema (name, fingerprint, canonical form) and one
 * for every message (envelope, event), records as JSON.
 */
public final class MessageReader {
  private static final String SUFFIX = ".avsc";

  private final Map<String, Schema> schemas;
  private final PrintStream out;

  private MessageReader(Map<String, Schema> schemas, PrintStream out) {
    this.schemas = schemas;
    this.out = out;
  }

  public static void main(String[] args) throws IOException {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    MessageReader reader = new MessageReader(schemasIn(Path.of(args[0])), out);
    reader.printSchemas();
    for (String line : Files.readAllLines(Path.of(args[1]))) {
      reader.printMessage(HexFormat.of().parseHex(line));
    }
    out.flush();
  }

  /** By file name without its suffix: type and version. */
  private static Map<String, Schema> schemasIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(SUFFIX))
          .collect(Collectors.toMap(MessageReader::nameOf, MessageReader::parse, (a, b) -> a, TreeMap::new));
    }
  }

  private static String nameOf(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.length() - SUFFIX.length());
  }

  private static Schema parse(Path file) {
    try {
      return new Schema.Parser().parse(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void printSchemas() {
    schemas.forEach(
        (name, schema) -> {
          String canonical = SchemaNormalization.toParsingForm(schema);
          long fingerprint = SchemaNormalization.parsingFingerprint64(schema);
          out.println(String.join("\t", name, Long.toString(fingerprint), canonical));
        });
  }

  private void printMessage(byte[] message) throws IOException {
    GenericRecord envelope = decode("Envelope.v1", ByteBuffer.wrap(message));
    GenericRecord event = (GenericRecord) envelope.get("event");
    if (event == null) {
      out.println(envelope);
      return;
    }
    ByteBuffer data = ((ByteBuffer) event.get("data")).duplicate();
    GenericRecord payload = decode(event.get("type") + ".v" + event.get("version"), data);
    out.println(envelope + "\t" + payload);
  }

  /** The schema that wrote the message is told by its fingerprint; with any other this throws. */
  private GenericRecord decode(String name, ByteBuffer message) throws IOException {
    Schema schema = schemas.get(name);
    if (schema == null) {
      throw new IOException("no schema is published as " + name);
    }
    return new BinaryMessageDecoder<GenericRecord>(GenericData.get(), schema).decode(message);
  }
}
