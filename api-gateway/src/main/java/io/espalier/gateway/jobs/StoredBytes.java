package io.espalier.gateway.jobs;

import java.util.function.Supplier;

/// What lies in the store and never changes.
///
/// @param tag names its content, so that a client that has it need not fetch it again
/// @param bytes fetches it; throws a [JobException] where it is not there
public record StoredBytes(String tag, Supplier<byte[]> bytes) {}
