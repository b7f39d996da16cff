package io.espalier.search.pruning;

import io.espalier.contracts.JobSpec;
import io.espalier.contracts.SliceKey;
import io.espalier.contracts.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/// jobs and scores in; frontier, candidates, decisions and events out; the state of every running
/// search between them.
///
/// The stores are logged, so that a task that moves to another worker is restored from the log.
/// Running searches are in memory, since each takes kilobytes; ended ones are an id on disk.
final class PruningTopology {

  private static final String PRUNING = "pruning";

  private PruningTopology() {}

  static Topology build(Queues queues, int sliceSize, int window, Duration remembered) {
    ByteArrayDeserializer in = new ByteArrayDeserializer();
    ByteArraySerializer out = new ByteArraySerializer();
    return new Topology()
        .addSource("jobs", in, in, Topics.JOBS)
        .addSource("scores", in, in, Topics.SCORES)
        .addProcessor(
            PRUNING,
            () -> new PruningProcessor(queues, sliceSize, window, remembered),
            "jobs",
            "scores")
        .addStateStore(store(PruningProcessor.SPECS, StateCodec.serde(JobSpec.class)), PRUNING)
        .addStateStore(store(PruningProcessor.RUNNING, StateCodec.serde(Running.class)), PRUNING)
        .addStateStore(
            store(PruningProcessor.CANDIDATES, StateCodec.serde(Siblings.class)), PRUNING)
        .addStateStore(store(PruningProcessor.WAITING, StateCodec.serde(Work.class)), PRUNING)
        .addStateStore(ended(remembered), PRUNING)
        .addSink(
            Outlet.FRONTIER,
            (_, _, record) -> queue(record.headers().lastHeader(Outlet.QUEUE).value()),
            out,
            out,
            (_, key, _, partitions) -> Optional.of(Set.of(partition(key, partitions))),
            PRUNING)
        .addSink(
            Outlet.CANDIDATES,
            (_, _, record) -> queue(record.headers().lastHeader(Outlet.QUEUE).value()),
            out,
            out,
            PRUNING)
        .addSink(Outlet.DECISIONS, Topics.DECISIONS, out, out, PRUNING)
        .addSink(Outlet.EVENTS, Topics.EVENTS, out, out, PRUNING)
        .addSink(Outlet.ENDED, Topics.ENDED, out, out, PRUNING)
        .addSink(Outlet.DEAD_LETTERS, Topics.DEAD_LETTERS, out, out, PRUNING);
  }

  private static <V> StoreBuilder<KeyValueStore<String, V>> store(String name, Serde<V> values) {
    return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), Serdes.String(), values);
  }

  /// The ids of ended jobs, on disk: there may be a day's of them, and they are looked at once a
  /// job.
  private static StoreBuilder<WindowStore<String, byte[]>> ended(Duration remembered) {
    return Stores.windowStoreBuilder(
        Stores.persistentWindowStore(
            PruningProcessor.ENDED, remembered, Duration.ofMinutes(1), false),
        Serdes.String(),
        Serdes.ByteArray());
  }

  private static String queue(byte[] header) {
    return new String(header, StandardCharsets.UTF_8);
  }

  /// A job's slices go round the partitions, from a place that depends on the job.
  static int partition(byte[] key, int partitions) {
    SliceKey slice = SliceKey.parse(new String(key, StandardCharsets.UTF_8));
    int start = Utils.toPositive(Utils.murmur2(slice.jobId().getBytes(StandardCharsets.UTF_8)));
    return (int) (((long) start + slice.ordinal()) % partitions);
  }
}
