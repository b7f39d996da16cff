package io.espalier.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.ScoresRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every record as it was released: one golden file for each kind and version, which today's
/// reader reads and, for the newest version, today's writer writes. `-Despalier.golden=write`
/// writes the files of a new version.
class GoldenRecordsTest {

  private static final Path FILES = Path.of("src/test/resources/records");
  private static final ObjectMapper JSON = new ObjectMapper();

  static List<Object> records() {
    return List.copyOf(SampleRecords.all().values());
  }

  static Stream<String> names() {
    return SampleRecords.all().keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("names")
  void aRecordIsWrittenAsReleased(String name) throws IOException {
    Path file = file(Records.SCHEMA, name);
    byte[] written = Records.write(SampleRecords.named(name));
    if (System.getProperty("espalier.golden", "").equals("write")) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, JSON.readTree(written).toPrettyString() + "\n");
    }
    assertThat(file).exists();
    assertThat(JSON.readTree(written)).isEqualTo(JSON.readTree(file.toFile()));
  }

  @ParameterizedTest
  @MethodSource("names")
  void everyReleasedVersionIsRead(String name) throws IOException {
    Object expected = SampleRecords.named(name);
    for (int version = 1; version <= Records.SCHEMA; version++) {
      assertThat(Records.read(Files.readAllBytes(file(version, name)), type(expected)))
          .isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @MethodSource("records")
  void unknownFieldsAreIgnored(Object record) throws IOException {
    ObjectNode document = (ObjectNode) JSON.readTree(Records.write(record));
    document.put("invented", "later");
    assertThat(Records.read(JSON.writeValueAsBytes(document), type(record))).isEqualTo(record);
  }

  @ParameterizedTest
  @MethodSource("records")
  void aRecordWithoutItsJobOrNameIsUnreadable(Object record) throws IOException {
    ObjectNode document = (ObjectNode) JSON.readTree(Records.write(record));
    document.remove(List.of("jobId", "name"));
    byte[] bytes = JSON.writeValueAsBytes(document);
    assertThatThrownBy(() -> Records.read(bytes, type(record)))
        .isInstanceOf(UnreadableRecordException.class)
        .hasMessageContaining(record instanceof CatalogEntry ? "name" : "jobId");
  }

  @Test
  void aNewerSchemaIsRefusedByItsNumber() {
    byte[] bytes = "{\"schema\":99,\"type\":\"cancelled\"}".getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> Records.read(bytes, JobRecord.class))
        .isInstanceOf(UnreadableRecordException.class)
        .hasMessageContaining("99");
  }

  @ParameterizedTest
  @MethodSource("poison")
  void whatIsNoRecordIsUnreadable(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (Class<?> type :
        List.of(JobRecord.class, ScoresRecord.class, FrontierSlice.class, JobEvent.class)) {
      assertThatThrownBy(() -> Records.read(bytes, type))
          .isInstanceOf(UnreadableRecordException.class);
    }
  }

  static Stream<String> poison() {
    return Stream.of(
        "", "null", "[]", "7", "\"text\"", "{", "{}", "{\"schema\":1}", "{\"schema\":\"one\"}");
  }

  private static Path file(int version, String name) {
    return FILES.resolve(Integer.toString(version)).resolve(name + ".json");
  }

  /// The type that a topic's readers ask for.
  private static Class<?> type(Object record) {
    return switch (record) {
      case JobRecord _ -> JobRecord.class;
      case ScoresRecord _ -> ScoresRecord.class;
      case JobEvent _ -> JobEvent.class;
      case FrontierSlice _ -> FrontierSlice.class;
      case CandidatesRecord _ -> CandidatesRecord.class;
      case DecisionRecord _ -> DecisionRecord.class;
      case CatalogEntry _ -> CatalogEntry.class;
      default -> throw new IllegalArgumentException("not sent to any topic: " + record);
    };
  }
}
