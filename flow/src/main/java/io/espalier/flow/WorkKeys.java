package io.espalier.flow;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// What the keys of all queues have in common: they begin with the job.
public final class WorkKeys {

  private static final char SEPARATOR = '/';

  private WorkKeys() {}

  /// The job that a record is part of the work for; empty where it has no key.
  public static String jobId(ConsumerRecord<byte[], byte[]> record) {
    if (record.key() == null) {
      return "";
    }
    String key = new String(record.key(), StandardCharsets.UTF_8);
    int end = key.indexOf(SEPARATOR);
    return end < 0 ? key : key.substring(0, end);
  }
}
