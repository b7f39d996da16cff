package io.espalier.contracts;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Everything that a job's result depends on, with every default filled in.
///
/// @param base the node of an earlier job to start from; the root where absent
public record JobSpec(
    String prompt,
    GeneratorRef generator,
    List<VerifierRef> verifiers,
    Settings settings,
    @Nullable BaseRef base) {

  /// The generator that a job was admitted for.
  ///
  /// @param digest the bundle's; a fleet that serves another one refuses the work
  /// @param scales the token grids, [height, width] each
  public record GeneratorRef(
      String name, String version, String digest, List<List<Integer>> scales, int bitsPerToken) {}

  /// A verifier that a job was admitted for.
  ///
  /// @param digest the bundle's; a fleet that serves another one refuses the work
  /// @param best how many candidates of a scale it sees, for all scales or for each; all where
  ///     absent
  public record VerifierRef(
      String name,
      String digest,
      double weight,
      double mean,
      double std,
      @Nullable List<Integer> best) {}

  /// A node to branch from.
  ///
  /// @param lineage in the tree that it comes from
  /// @param drawn what it consists of; its slice lies among this job's own artifacts
  public record BaseRef(String lineage, Drawn drawn) {}
}
