package io.espalier.models;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Bundles of models that are not there, and the time that their calls take.
final class Simulated {

  static final String GENERATOR =
      """
      {"schema": 1, "name": "dice", "kind": "generator", "version": "1", "licence": "none",
       "source": "a test", "trainedOn": "nothing",
       "generator": {
         "scales": [[1, 1], [2, 1], [2, 3], [3, 4]], "bitsPerToken": 3, "latent": [3, 3, 4],
         "image": [18, 40], "prompt": {"tokens": 9, "characters": 20},
         "guidance": [3, 3, 3, 3], "temperature": [1, 1, 1, 1], "topP": [1, 1, 1, 1],
         "simulated": {"callSeconds": 1, "sequenceSeconds": 21, "imageSeconds": 0.25,
                       "sequences": 4}}}
      """;

  static final String VERIFIER =
      """
      {"schema": 1, "name": "taste", "kind": "verifier", "version": "1", "licence": "none",
       "source": "a test", "trainedOn": "nothing",
       "verifier": {"measures": "chance", "mean": 5, "std": 2,
                    "simulated": {"callSeconds": 0.5, "imageSeconds": 0.125}}}
      """;

  /// A clock that goes on only where somebody sleeps, or by hand.
  static final class FakeTime implements SimulatedDevice.Time {

    private long now = 1_000;
    private final List<Double> slept = new ArrayList<>();

    @Override
    public long nanos() {
      return now;
    }

    @Override
    public void sleep(long nanos) {
      slept.add(nanos / 1e9);
      now += nanos;
    }

    void pass(double seconds) {
      now += (long) (seconds * 1e9);
    }

    /// Every sleep so far, in seconds.
    List<Double> slept() {
      return slept;
    }
  }

  private Simulated() {}

  static Bundle bundle(String json) {
    try {
      return new Bundle(Path.of("simulated"), Manifest.JSON.readValue(json, Manifest.class), "", 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static SimulatedGenerator generator(FakeTime time) {
    return new SimulatedGenerator(bundle(GENERATOR), new SimulatedDevice(time));
  }

  static SimulatedVerifier verifier(FakeTime time) {
    return new SimulatedVerifier("taste", bundle(VERIFIER), new SimulatedDevice(time));
  }
}
