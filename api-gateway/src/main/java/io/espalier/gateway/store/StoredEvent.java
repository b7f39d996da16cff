package io.espalier.gateway.store;

/// An event as it is stored.
///
/// @param type such as `scored`
/// @param body the record of `search.events`, as JSON
/// @param storedMillis how long ago it was stored
public record StoredEvent(long sequence, String type, String body, long storedMillis) {}
