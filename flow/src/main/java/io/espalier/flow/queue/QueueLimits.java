package io.espalier.flow.queue;

import java.time.Duration;

/// How much a process takes of a queue.
///
/// @param atOnce how many records are worked on at a time
/// @param waiting how many fetched records may wait for that, in all partitions together; the last
///     poll may go somewhat beyond
/// @param waitingBytes how many bytes of them
/// @param handover how long a partition that moves, or a process that stops, waits for the work
///     that was begun
public record QueueLimits(int atOnce, int waiting, long waitingBytes, Duration handover) {}
