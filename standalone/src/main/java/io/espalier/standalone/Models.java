package io.espalier.standalone;

import io.espalier.beam.Criterion;
import io.espalier.beam.Verifier;
import io.espalier.models.Bundle;
import io.espalier.models.Bundles;
import io.espalier.models.Manifest;
import io.espalier.models.OnnxGenerator;
import io.espalier.models.OnnxVerifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;

/// The models of a search, loaded side by side.
final class Models implements AutoCloseable {

  /// One call, one thread: searches keep all cores busy with calls side by side, which costs less
  /// than threads within a call and gives the same bits.
  private static final int THREADS_PER_CALL = 1;

  private final Bundle bundle;
  private final OnnxGenerator generator;
  private final List<OnnxVerifier> verifiers;
  private final List<Criterion> criteria;

  private Models(
      Bundle bundle,
      OnnxGenerator generator,
      List<OnnxVerifier> verifiers,
      List<Criterion> criteria) {
    this.bundle = bundle;
    this.generator = generator;
    this.verifiers = verifiers;
    this.criteria = criteria;
  }

  /// Opens and loads what the options name.
  static Models load(Bundles bundles, SearchOptions options, ExecutorService executor) {
    Bundle bundle = bundles.open(options.bundle);
    bundle.generator();
    List<Criterion> criteria = new ArrayList<>();
    List<CompletableFuture<OnnxVerifier>> loading = new ArrayList<>();
    CompletableFuture<OnnxGenerator> generator =
        CompletableFuture.supplyAsync(() -> new OnnxGenerator(bundle, THREADS_PER_CALL), executor);
    for (Map.Entry<String, Double> entry : options.verifiers.entrySet()) {
      String name = entry.getKey();
      Bundle verifier = bundles.open(name);
      Manifest.VerifierPart part = verifier.verifier();
      criteria.add(new Criterion(name, entry.getValue(), part.mean(), part.std()));
      loading.add(
          CompletableFuture.supplyAsync(
              () -> new OnnxVerifier(name, verifier, THREADS_PER_CALL), executor));
    }
    try {
      return new Models(
          bundle,
          generator.join(),
          loading.stream().map(CompletableFuture::join).toList(),
          criteria);
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  Bundle bundle() {
    return bundle;
  }

  OnnxGenerator generator() {
    return generator;
  }

  List<Verifier> verifiers() {
    return List.copyOf(verifiers);
  }

  List<Criterion> criteria() {
    return criteria;
  }

  @Override
  public void close() {
    generator.close();
    verifiers.forEach(OnnxVerifier::close);
  }
}
