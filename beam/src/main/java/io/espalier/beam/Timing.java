package io.espalier.beam;

/// How long a search took. Not part of its result: it differs from run to run.
///
/// @param generatorNanos all generator calls added up
/// @param verifierNanos all verifier calls added up
/// @param modelNanos time with at least one model call running
/// @param wallNanos from the beginning to the end
public record Timing(long generatorNanos, long verifierNanos, long modelNanos, long wallNanos) {}
