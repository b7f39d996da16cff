package io.espalier.contracts;

/// The names of the topics. Every record is a JSON document of the type named here.
public final class Topics {

  /// [JobRecord] by job: what pruning is asked to do.
  public static final String JOBS = "search.jobs";

  /// [ScoresRecord] by job: what verifiers answer. As many partitions as [#JOBS].
  public static final String SCORES = "search.scores";

  /// [DecisionRecord] by job: ended searches, for finishing.
  public static final String DECISIONS = "search.decisions";

  /// [JobEvent] by job: what a search tells whoever watches.
  public static final String EVENTS = "search.events";

  /// Nothing but the keys of jobs whose search is over: workers drop what is left of them.
  public static final String ENDED = "search.ended";

  /// [CatalogEntry] by bundle, compacted: what live fleets serve.
  public static final String CATALOG = "search.catalog";

  /// Records that nobody could process, as they came, with headers that say why.
  public static final String DEAD_LETTERS = "search.dead-letters";

  private static final String FRONTIER = "search.frontier.";
  private static final String CANDIDATES = "search.candidates.";

  private Topics() {}

  /// [FrontierSlice] by slice: the queue of a generator's fleet.
  public static String frontier(String generator) {
    return FRONTIER + generator;
  }

  /// [CandidatesRecord] by candidates: the queue of a verifier's fleet.
  public static String candidates(String verifier) {
    return CANDIDATES + verifier;
  }
}
