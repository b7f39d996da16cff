package io.espalier.beam;

/// A node of an earlier search that a new one starts from, in the root's place.
public record Base(Lineage lineage, Rendition rendition) {}
