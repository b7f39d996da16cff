package io.espalier.beam;

import java.util.List;

/// What an event made of a search.
///
/// @param rows the candidates that are new or changed
public record Transition(SearchState state, List<Candidate> rows, List<Effect> effects) {}
