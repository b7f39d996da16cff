package io.espalier.contracts;

/// A bundle by name and by content.
///
/// @param digest the SHA-256 of its manifest
public record BundleName(String name, String version, String digest) {}
