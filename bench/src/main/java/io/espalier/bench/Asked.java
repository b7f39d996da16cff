package io.espalier.bench;

/// A prompt of the suite.
///
/// @param task the GenEval task that it belongs to
/// @param heldOut whether no model was trained on what it asks for
public record Asked(String task, String prompt, boolean heldOut) {}
