package io.espalier.gateway.jobs;

import io.espalier.gateway.store.JobQueue;
import io.espalier.gateway.store.JobQueue.Load;
import io.espalier.gateway.store.JobQueue.Queued;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// How much may run at a time: a number of searches, and the sum of their sizes. It goes to queued
/// jobs in their order.
///
/// A search counts as just over half of the sum at most. So a search of any size fits once enough
/// of what runs has ended, no two of such a size run at a time, and beside it there is room for
/// small ones.
///
/// Smaller jobs go past the first one that does not fit, within what is left beside its share of
/// the whole: they may fill that, but never the place that the job waits for. So it runs, at the
/// latest, when all has ended that ran when it became the first.
///
/// @param searches how many searches, at least 1
/// @param size the sum of their sizes, at least 1
record Capacity(int searches, long size) {

  /// Which queued jobs may run now, beside what does.
  List<UUID> choose(JobQueue queue) {
    Load running = queue.running(most());
    long left = size - running.size();
    int free = (int) Math.max(0, searches - running.searches());
    List<UUID> chosen = new ArrayList<>();
    for (Queued job : queue.first(free)) {
      if (share(job) > left) {
        long beside = size - share(job) - queue.runningPast(job, most()).size();
        chosen.addAll(past(job, Math.min(left, beside), free - chosen.size(), queue));
        break;
      }
      chosen.add(job.id());
      left -= share(job);
    }
    return chosen;
  }

  private static List<UUID> past(Queued first, long room, int free, JobQueue queue) {
    List<UUID> chosen = new ArrayList<>();
    long left = room;
    for (Queued job : queue.firstBehind(first, room, free)) {
      if (job.size() <= left) {
        chosen.add(job.id());
        left -= job.size();
      }
    }
    return chosen;
  }

  private long share(Queued job) {
    return Math.min(job.size(), most());
  }

  /// Two of these are more than the whole.
  private long most() {
    return size / 2 + 1;
  }
}
