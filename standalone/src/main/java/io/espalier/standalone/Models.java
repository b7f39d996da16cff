package io.espalier.standalone;

import io.espalier.beam.Verifier;
import io.espalier.models.Bundle;
import io.espalier.models.Hardware;
import io.espalier.models.LoadedGenerator;
import io.espalier.models.LoadedVerifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;

/// The models of a search, loaded side by side.
final class Models implements AutoCloseable {

  private final LoadedGenerator generator;
  private final List<LoadedVerifier> verifiers;

  private Models(LoadedGenerator generator, List<LoadedVerifier> verifiers) {
    this.generator = generator;
    this.verifiers = verifiers;
  }

  static Models load(
      LocalCatalog catalog,
      String generator,
      Collection<String> verifiers,
      ExecutorService executor,
      Hardware hardware) {
    Bundle bundle = catalog.bundle(generator);
    CompletableFuture<LoadedGenerator> drawing =
        CompletableFuture.supplyAsync(() -> LoadedGenerator.open(bundle, hardware), executor);
    List<CompletableFuture<LoadedVerifier>> scoring = new ArrayList<>();
    for (String name : verifiers) {
      Bundle verifier = catalog.bundle(name);
      scoring.add(
          CompletableFuture.supplyAsync(
              () -> LoadedVerifier.open(name, verifier, hardware), executor));
    }
    try {
      return new Models(drawing.join(), scoring.stream().map(CompletableFuture::join).toList());
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  LoadedGenerator generator() {
    return generator;
  }

  List<Verifier> verifiers() {
    return List.copyOf(verifiers);
  }

  @Override
  public void close() {
    generator.close();
    verifiers.forEach(LoadedVerifier::close);
  }
}
